import csv
import io
import json
import math
import re
import resource
import sys

import pytest
import yaml
from helpers import OWN, ROOT

import check
from seq2report.config.resolve import resolve_variant
from seq2report.core.command import run
from seq2report.models.build import build_model
from seq2report.models.functions import digest
from seq2report.models.memory import estimate
from seq2report.models.variant import Fit, Variant

INPUT = {
    **{"encoding": "words", "form": "sequence", "length": 12, "dimensions": 4, "trainable": True},
    **{"padding": "pre", "truncating": "pre"},
}
FIT = {"optimizer": "rmsprop", "batch_size": 8, "epochs": 1}
COSINE = {"initial_learning_rate": 0.1}
STEPS = {"boundaries": [10], "values": [0.1, 0.01]}
FLATTEN, DENSE, LSTM = {"Flatten": {}}, {"Dense": {"units": 3}}, {"LSTM": {"units": 3}}


def network(*layers, given=INPUT, **fit):
    return {"input": given, "layers": list(layers), "fit": FIT | fit}


def branched(*branches, name="Concatenate", **arguments):
    return {name: {"branches": list(branches), **arguments}}


def mistakes(memory_mb=1000, **variants):
    return check.mistakes(variants, {}, {"words": 30}, memory_mb)


def test_right_models_are_not_mistakes():
    wrapped = {"Bidirectional": {"layer": {"LSTM": {"units": 3}}}}
    pretrained = {key: INPUT[key] for key in INPUT if key != "dimensions"} | {"embedding": "glove"}
    assert not mistakes(
        a=network(FLATTEN, DENSE),
        b=network(wrapped, {"Dropout": {"rate": 0.5, "name": "last"}}, optimizer={"Adam": {}}),
        g=network(branched([LSTM, DENSE], [{"GlobalMaxPooling1D": {}}]), DENSE),
        h=network(
            branched([DENSE], [branched([DENSE], [DENSE], name="Add")], name="Average"), LSTM
        ),
        c=network(DENSE, given={"encoding": "words", "form": "multihot"}),
        d=network({"GlobalMaxPooling1D": {}}, given=pretrained),
        e={"pipeline": [{"TfidfVectorizer": {"ngram_range": [1, 2]}}, {"LinearSVC": {"C": 2}}]},
        j={"pipeline": [{"CountVectorizer": {"stop_words": ["der", "die"]}}, {"LinearSVC": {}}]},
        f=network(
            {"RNN": {"cell": {"LSTMCell": {"units": 3}}}},
            optimizer={"sgd": {"momentum": 0.9, "use_ema": False}},
        ),
        i=network(
            {"GlobalMaxPooling1D": {}},
            optimizer={"Adam": {"learning_rate": {"CosineDecay": COSINE | {"decay_steps": 9}}}},
        ),
    )


@pytest.mark.reliability("Bad configuration")
@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([{"LSMT": {"units": 3}}], "layers[0]: unknown layer 'LSMT'; did you mean 'LSTM'?"),
        (
            [FLATTEN, {"Dense": {"unit": 3}}],
            "layers[1].Dense: unknown argument 'unit'; did you mean",
        ),
        ([FLATTEN, {"Dense": {}}], "layers[1].Dense: argument 'units' is missing"),
        ([FLATTEN, {"Dense": {"units": -1}}], "layers[1].Dense: Received an invalid value"),
        ([{"Dropout": {"rate": 5}}], "layers[0].Dropout: Invalid value"),
        (
            [{"Bidirectional": {"layer": {"LSTM": {"unit": 3}}}}],
            "layers[0].Bidirectional.layer.LSTM: unknown argument 'unit'; did you mean 'units'?",
        ),
        (
            [{"Bidirectional": {"layer": {"LSMT": {"units": 3}}}}],
            "layers[0].Bidirectional.layer: unknown layer 'LSMT'; did you mean 'LSTM'?",
        ),
        ([{"Bidirectional": {"layer": "LSTM"}}], "layers[0].Bidirectional: Please initialize"),
        (
            [branched([{"Conv1D": {"filters": 3, "kernel_size": 2}}], [{"Conv1D": {"filter": 3}}])],
            "layers[0].Concatenate.branches[1][0].Conv1D: unknown argument 'filter'; did you mean",
        ),
        (
            [branched([FLATTEN], [FLATTEN, {"Bidirectional": {"layer": {"LSMT": {}}}}])],
            "layers[0].Concatenate.branches[1][1].Bidirectional.layer: unknown layer 'LSMT'; did",
        ),
        (
            [branched([FLATTEN], [branched([DENSE], [{"Desne": {}}])])],
            "layers[0].Concatenate.branches[1][0].Concatenate.branches[1][0]: unknown layer 'D",
        ),
        (
            [branched([FLATTEN], [FLATTEN, LSTM])],
            "layers[0].Concatenate.branches[1][1]: LSTM does not fit the shape (None, 48) of what",
        ),
        (
            [branched([FLATTEN], [DENSE])],
            "layers[0]: Concatenate does not fit the shapes (None, 48), (None, 12, 3) of its",
        ),
        (
            [branched([FLATTEN], [LSTM], name="Add")],
            "layers[0]: Add does not fit the shapes (None, 48), (None, 3) of its branches",
        ),
        (
            [branched([FLATTEN], [FLATTEN], name="Dense", units=3)],
            "layers[0]: Dense does not fit the shapes (None, 48), (None, 48) of its branches",
        ),
        (
            [branched([FLATTEN], [FLATTEN], name="Identity")],
            "layers[0]: Identity gives more than one output; the next layer reads one",
        ),
        (
            [branched([FLATTEN], name="Concatenat")],
            "layers[0]: unknown layer 'Concatenat'; did you mean 'Concatenate'?",
        ),
        (
            [branched([FLATTEN], axes=1)],
            "layers[0].Concatenate: unknown argument 'axes'; did you mean 'axis'?",
        ),
        ([branched()], "layers[0].Concatenate.branches: found [], expected a list of lists of lay"),
        (
            [{"Concatenate": {"branches": FLATTEN}}],
            "layers[0].Concatenate.branches: found {'Flatten': {}}, expected a list of lists",
        ),
        (
            [branched([FLATTEN], [])],
            "layers[0].Concatenate.branches[1]: found [], expected a list of names, each with its",
        ),
        (
            [branched(FLATTEN)],
            "layers[0].Concatenate.branches[0]: found {'Flatten': {}}, expected a list of names",
        ),
        (
            [branched(["Flatten"])],
            "layers[0].Concatenate.branches[0][0]: found 'Flatten', expected one name with its arg",
        ),
        ([DENSE], "layers: they end in shape (None, 12, 3), but the softmax output needs one vec"),
    ],
)
def test_a_wrong_layer_is_reported_with_its_path(layers, message):
    (found,) = mistakes(v=network(*layers))
    assert found.startswith(f"variants.v.{message}")
    assert "\n" not in found


@pytest.mark.reliability("Bad configuration")
def test_layers_that_do_not_fit_are_reported_with_the_shape_before_them():
    (found,) = mistakes(v=network(FLATTEN, LSTM))
    assert found.startswith("variants.v.layers")
    assert "LSTM" in found
    assert "does not fit the shape (None, 48)" in found


@pytest.mark.reliability("Bad configuration")
@pytest.mark.parametrize(
    ("optimizer", "message"),
    [
        ("rmsprp", "fit.optimizer: unknown optimizer 'rmsprp'; did you mean 'rmsprop'?"),
        ("RMSProp", "fit.optimizer: unknown optimizer 'RMSProp'; did you mean 'RMSprop'?"),
        (
            {"Adam": {"learing_rate": 0.1}},
            "fit.optimizer.Adam: unknown argument 'learing_rate'; did you mean 'learning_rate'?",
        ),
        (
            {"Adam": {"use_ema": True, "ema_momentum": 0.9}},
            "fit.optimizer.Adam: 'use_ema' cannot be used: Keras would replace the",
        ),
        ({"adam": {"learning_rate": "x"}}, "fit.optimizer.adam: Argument `learning_rate` should"),
        (
            {"Adam": {"learning_rate": 0}},
            "fit.optimizer.Adam.learning_rate: found 0, expected more",
        ),
        ({"SGD": {"learning_rate": -1.0}}, "fit.optimizer.SGD.learning_rate: found -1.0, expected"),
        ({"Adam": {"beta_2": 1}}, "fit.optimizer.Adam.beta_2: found 1, expected less than 1"),
        (
            {"SGD": {"weight_decay": -1}},
            "fit.optimizer.SGD.weight_decay: found -1, expected at lea",
        ),
        (
            {"Adam": {"learning_rate": {"CosinDecay": COSINE}}},
            "fit.optimizer.Adam.learning_rate: unknown schedule 'CosinDecay'; did you mean 'Cosine",
        ),
        (
            {"Adam": {"learning_rate": {"CosineDecay": COSINE}}},
            "fit.optimizer.Adam.learning_rate.CosineDecay: argument 'decay_steps' is missing",
        ),
        (
            {"Adam": {"learning_rate": {"CosineDecay": COSINE | {"decay_steps": 0}}}},
            "fit.optimizer.Adam.learning_rate.CosineDecay.decay_steps: found 0, expected more than",
        ),
        (
            {"Adam": {"learning_rate": math.inf}},
            "fit.optimizer.Adam.learning_rate: found inf, expected a finite number",
        ),
        (
            {"SGD": {"learning_rate": {"PiecewiseConstantDecay": STEPS | {"values": [0.1, -5]}}}},
            "fit.optimizer.SGD.learning_rate.PiecewiseConstantDecay.values: found -5, expected at",
        ),
        (
            {"SGD": {"learning_rate": {"PiecewiseConstantDecay": STEPS | {"boundaries": "a"}}}},
            "fit.optimizer.SGD.learning_rate.PiecewiseConstantDecay: ",
        ),
        (
            {"LossScaleOptimizer": {"inner_optimizer": "adam"}},
            "fit.optimizer.LossScaleOptimizer: 'str' object has no attribute",
        ),
    ],
)
def test_a_wrong_optimizer_is_reported(optimizer, message):
    (found,) = mistakes(v=network(FLATTEN, optimizer=optimizer))
    assert found.startswith(f"variants.v.{message}")


TFIDF, SVM = {"TfidfVectorizer": {}}, {"LinearSVC": {}}


@pytest.mark.reliability("Bad configuration")
@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([{"TfidfVectorizr": {}}], "pipeline[0]: unknown step 'TfidfVectorizr'; did you mean 'Tf"),
        ([TFIDF, {"LinearSVC": {"c": 1}}], "pipeline[1].LinearSVC: unknown argument 'c'"),
        ([TFIDF, {"LinearSVC": {}}, {"LinearSVC": {}}], "pipeline[1].LinearSVC: only the last"),
        (
            [TFIDF, {"NaiveBayesSVC": {"gamma": 1}}],
            "pipeline[1].NaiveBayesSVC: unknown argument 'gamma'",
        ),
        ([TFIDF, {"TemperatureScaled": {}}], "pipeline[1]: unknown step 'TemperatureScaled'"),
        (
            [{"FeatureUnion": {"of": [TFIDF, {"TfidfVectorizer": {"analyser": "char"}}]}}, SVM],
            "pipeline[0].FeatureUnion.of[1].TfidfVectorizer: unknown argument 'analyser'; did you",
        ),
        (
            [{"FeatureUnion": {"of": [{"FeatureUnion": {"of": [{"Tfidf": {}}]}}]}}, SVM],
            "pipeline[0].FeatureUnion.of[0].FeatureUnion.of[0]: unknown step 'Tfidf'; did you",
        ),
        (
            [{"FeatureUnion": {"of": [TFIDF, SVM]}}, SVM],
            "pipeline[0].FeatureUnion.of[1].LinearSVC: only the last step may be one that class",
        ),
        ([{"FeatureUnion": {}}, SVM], "pipeline[0].FeatureUnion: argument 'of' is missing"),
        ([{"FeatureUnion": {"off": []}}, SVM], "pipeline[0].FeatureUnion: unknown argument 'off'"),
        ([{"FeatureUnion": {"of": []}}, SVM], "pipeline[0].FeatureUnion.of: found [], expected a"),
        (
            [{"FeatureUnion": {"of": TFIDF}}, SVM],
            "pipeline[0].FeatureUnion.of: found {'TfidfVectorizer': {}}, expected a list of names",
        ),
        (
            [{"FeatureUnion": {"of": ["TfidfVectorizer"]}}, SVM],
            "pipeline[0].FeatureUnion.of[0]: found 'TfidfVectorizer', expected one name with its",
        ),
        (
            [{"FeatureUnion": {"of": [TFIDF]}}],
            "pipeline: the last step, FeatureUnion, does not classify",
        ),
        ([TFIDF], "pipeline: the last step, TfidfVectorizer, does not classify"),
        (
            [TFIDF, {"LinearSVC": {"C": -1}}],
            "pipeline[1]: The 'C' parameter of LinearSVC must be a",
        ),
        (
            [{"TfidfVectorizer": {"stop_words": "german"}}, SVM],
            "pipeline[0]: The 'stop_words' parameter of TfidfVectorizer must be a str among {'engl",
        ),
        (
            [{"FeatureUnion": {"of": [TFIDF, {"CountVectorizer": {"min_df": 2.5}}]}}, SVM],
            "pipeline[0]: The 'min_df' parameter of CountVectorizer must be a float in the range [",
        ),
        (
            [{"TfidfVectorizer": {"ngram_range": [3, 1]}}, SVM],
            "pipeline: scikit-learn cannot fit these steps: Invalid value for ngram_range=(3, 1)",
        ),
        (
            [{"TfidfVectorizer": {"token_pattern": "("}}, SVM],
            "pipeline: scikit-learn cannot fit these steps: missing ), unterminated subpattern",
        ),
        (
            [TFIDF, {"SVC": {"decision_function_shape": "ovo"}}],
            "pipeline[1].SVC: found decision_function_shape: ovo; it has one value per pair of",
        ),
        ([TFIDF, {"NuSVC": {"probability": True}}], "pipeline[1].NuSVC: found probability: true"),
        (
            [TFIDF, {"DummyClassifier": {"strategy": "uniform"}}],
            "pipeline[1].DummyClassifier: found strategy: uniform; with equal probabilities",
        ),
        ([TFIDF, {"GaussianNB": {}}], "pipeline: scikit-learn cannot fit these steps: Sparse data"),
        (
            [TFIDF, {"TruncatedSVD": {"n_components": 100}}, {"MultinomialNB": {}}],
            "pipeline: scikit-learn cannot fit these steps: Negative values in data",
        ),
        ([SVM], "pipeline: scikit-learn cannot fit these steps: could not convert string to float"),
    ],
)
def test_a_wrong_pipeline_is_reported(steps, message):
    (found,) = mistakes(v={"pipeline": steps})
    assert found.startswith(f"variants.v.{message}")


@pytest.mark.parametrize(
    "steps",
    [
        [{"TfidfVectorizer": {"min_df": 500, "max_df": 0.1, "max_features": 9}}, SVM],
        [{"TfidfVectorizer": {"token_pattern": "[q]{20}"}}, SVM],
        [TFIDF, {"TruncatedSVD": {"n_components": 900}}, {"LinearSVC": {"class_weight": {"a": 2}}}],
        [TFIDF, {"SelectKBest": {"k": 10**6}}, {"VarianceThreshold": {"threshold": 0.9}}, SVM],
        [TFIDF, {"LogisticRegression": {"solver": "liblinear"}}],
        [TFIDF, {"MLPClassifier": {"hidden_layer_sizes": [10**6, 10**6], "early_stopping": True}}],
        [{"CountVectorizer": {}}, {"DummyClassifier": {"strategy": "constant", "constant": "x"}}],
    ],
    ids=lambda steps: next(iter(steps[-1])),
)
def test_arguments_whose_right_value_depends_on_the_documents_are_left_to_training(steps):
    assert not mistakes(v={"pipeline": steps})


@pytest.mark.reliability("Bad configuration")
def test_several_mistakes_come_in_one_message_and_end_with_status_1(monkeypatch, capsys):
    variants = {f"v{n}": network(FLATTEN, LSTM | {"LSTM": {"unit": n}}) for n in range(6)}
    content = {
        "num_words": {"words": 30},
        "features": {},
        "memory_mb": 1000,
        "variants": {"good": network(FLATTEN), **variants},
    }
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(content)))
    monkeypatch.setattr(sys, "argv", ["check.py"])
    with pytest.raises(SystemExit) as end:
        run(check.main)
    assert end.value.code == 1
    heading, *lines, more = capsys.readouterr().err.splitlines()
    assert heading == "error: the configuration is not valid"
    assert len(lines) == 5
    assert lines[0].startswith("  variants.v0.layers[1].LSTM: unknown argument 'unit'")
    assert more == "  … and 1 more"


def test_features_are_checked_too():
    tfidf, svm = {"TfidfVectorizer": {}}, {"LinearSVC": {}}
    given = {"form": "features", "features": "ngrams"}
    right = {"ngrams": {"steps": [tfidf, {"NaiveBayesWeights": {}}]}}
    assert not check.mistakes({"a": network(DENSE, given=given)}, right, {}, 1000)
    (found,) = check.mistakes({}, {"ngrams": {"steps": [{"TfidfVectorizer": {"min": 2}}]}}, {}, 9)
    assert found.startswith("features.ngrams.steps[0].TfidfVectorizer: unknown argument 'min'")
    (found,) = check.mistakes({}, {"ngrams": {"steps": [tfidf, svm]}}, {}, 9)
    assert "features.ngrams.steps: the last one, LinearSVC, classifies" in found


HUGE = 10_000_000
TOO_LARGE = {
    "dense": network(FLATTEN, {"Dense": {"units": HUGE}}),
    "recurrent": network({"LSTM": {"units": HUGE}}),
    "wide": network({"Conv1D": {"filters": HUGE, "kernel_size": 1}}, {"GlobalMaxPooling1D": {}}),
    "in a branch": network(branched([FLATTEN, {"Dense": {"units": HUGE}}], [FLATTEN])),
    "of a function": network() | {"layers": OWN | {"arguments": {"units": HUGE}}},
    "long": network({"GlobalMaxPooling1D": {}}, given=INPUT | {"length": HUGE}),
    "many dimensions": network({"GlobalMaxPooling1D": {}}, given=INPUT | {"dimensions": HUGE}),
}


@pytest.mark.reliability("Bad configuration")
@pytest.mark.parametrize("name", TOO_LARGE)
def test_a_network_that_needs_more_memory_than_there_is_is_refused_without_taking_any(name):
    variant = TOO_LARGE[name]
    if name == "of a function":
        variant["layers"]["digest"] = digest(OWN["file"], OWN["function"])
    assert not mistakes(v=network(FLATTEN))  # loads what it takes
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (found,) = mistakes(v=variant, memory_mb=1000)
    assert re.match(
        r"variants\.v\.layers: to train them takes at least [\d,.]+ GB \(weights", found
    )
    assert "there are 1.0 GB; make 'num_words', 'length' or the layers smaller; if jobs" in found
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KiB
    enough = int(re.search(r"'memory_mb: (\d+)'", found).group(1))
    assert not mistakes(v=variant, memory_mb=enough)
    assert mistakes(v=variant, memory_mb=enough - 1)


@pytest.mark.reliability("Bad configuration")
def test_a_vocabulary_that_needs_more_memory_than_there_is_is_refused():
    pretrained = {key: INPUT[key] for key in INPUT if key != "dimensions"} | {"embedding": "glove"}
    for given in (INPUT, pretrained, pretrained | {"trainable": False}):
        variant = network({"GlobalMaxPooling1D": {}}, given=given)
        (found,) = check.mistakes({"v": variant}, {}, {"words": 2**31 - 1}, 10_000)
        assert "to train them takes at least" in found


def test_what_is_needed_at_least_is_the_weights_what_the_optimizer_remembers_and_a_batch():
    model = build_model(Variant.read(network(FLATTEN, DENSE)), 30, 2)
    weights = 30 * 4 + (48 * 3 + 3) + (3 * 2 + 2)
    outputs = 12 * 4 + 48 + 3 + 2
    for optimizer, numbers in (("rmsprop", 1), ("adam", 2), ("sgd", 0)):
        found = estimate(model, Fit(**FIT | {"optimizer": optimizer}))
        assert found == {
            "weights": 2 * 4 * weights,
            "optimizer": 4 * numbers * weights,
            "batch": 4 * 8 * outputs,
        }
    model.get_layer("embedding").trainable = False
    assert estimate(model, Fit(**FIT))["optimizer"] == 4 * (weights - 120)
    assert estimate(model, Fit(**FIT | {"batch_size": 10**9}))["batch"] == 4 * 128 * outputs


def test_no_committed_variant_is_said_to_need_more_than_it_was_measured_to_take():
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    with (ROOT / "workflow/memory.csv").open() as file:
        measured = {row["variant"]: int(row["peak_mb"]) for row in csv.DictReader(file)}
    seen = 0
    for name in measured.keys() & config["variants"].keys():
        variant = resolve_variant(config, name)
        if variant.input and variant.input.encoding:
            encoding = variant.input.encoding
            words = config["encodings"][encoding]["num_words"]
            check.check_variant(variant, {encoding: words}, measured[name])
            seen += 1
    assert seen > 4
