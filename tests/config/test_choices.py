"""Variants that are chosen from the points of their grids."""

import copy
import itertools
import math
from collections import Counter

import pytest
from configurations import COMMITTED, SCHEMA_FILE, messages
from hypothesis import given
from hypothesis import strategies as st

from seq2report.config.check import check
from seq2report.config.choices import MOST, points
from seq2report.config.grids import LONGEST, with_grids
from seq2report.config.plan import Plan, unchosen
from seq2report.core.command import UserError
from seq2report.models.variant import model_files

BY = {"by": "val_accuracy"}


def svm(cs=(0.1, 1.0, 10), **more):
    steps = [{"TfidfVectorizer": {}}, {"LinearSVC": {"C": {"grid": [*cs]}}}]
    return {"title": "SVM", "pipeline": steps, "choose": BY} | more


def configured(compared=("nb_svm", "svm"), **variants):
    config = copy.deepcopy(COMMITTED)
    config["variants"] |= {"svm": svm()} | variants
    config["compare"] |= {"variants": list(compared), "embeddings": []}
    return with_grids(config)


def planned(*arguments, **variants):
    config = configured(*arguments, **variants)
    check(config, SCHEMA_FILE)
    return Plan(config)


def test_a_chosen_grid_is_one_variant_that_is_compared_and_a_member():
    both = {"title": "Both", "ensemble": {"members": ["svm", "nb_svm"], "method": "vote"}}
    plan = planned(["svm", "both"], both=both)
    runs = ["svm_c_0_1", "svm_c_1_0", "svm_c_10"]
    assert plan.compared == ["svm", "both"]
    assert list(plan.variants) == ["svm", "both", "nb_svm", *runs]
    assert plan.variants["both"].ensemble.members == ["svm", "nb_svm"]
    assert list(plan.variants["svm"].choose.candidates) == runs
    assert plan.choices == ["svm"]
    assert plan.shown == ["svm", "both", "nb_svm"]
    candidate = plan.candidates("svm")["svm_c_10"]
    assert candidate["title"] == "SVM, C 10"
    assert candidate["pipeline"][1] == {"LinearSVC": {"C": 10}}
    assert plan.candidates("nb_svm") == {}


def test_a_candidate_with_the_settings_of_another_variant_is_not_trained():
    same = {"title": "Same", "pipeline": [{"TfidfVectorizer": {}}, {"LinearSVC": {"C": 10}}]}
    plan = planned(["svm", "same", "other"], same=same, other=svm((1.0, 2), title="Other"))
    assert plan.variants["svm"].choose.candidates == {
        "svm_c_0_1": "svm_c_0_1",
        "svm_c_1_0": "svm_c_1_0",
        "svm_c_10": "same",
    }
    assert plan.variants["other"].choose.candidates == {
        "other_c_1_0": "svm_c_1_0",
        "other_c_2": "other_c_2",
    }
    assert {"svm_c_10", "other_c_1_0"}.isdisjoint(plan.variants)
    assert plan.candidates("svm")["same"]["title"] == "SVM, C 10"


@pytest.mark.reliability("Interruption")
def test_candidates_without_a_run_are_reported_until_their_variant_is_chosen(tmp_path):
    plan = planned()
    for corpus, *runs in (("imdb", "svm_c_0_1", "svm_c_1_0", "svm_c_10"), ("newsgroups",)):
        for run in runs:
            (tmp_path / corpus / "runs" / run).mkdir(parents=True)
            (tmp_path / corpus / "runs" / run / "seed-1.complete").touch()
    (tmp_path / "newsgroups/runs/svm_c_10").mkdir(parents=True)
    (tmp_path / "newsgroups/runs/svm_c_10/seed-1.complete").touch()
    (message,) = unchosen(plan, tmp_path)
    assert message.startswith(
        "variants.svm: nothing is chosen on 'newsgroups': 2 of 3 candidates have no finished run,"
        " ['svm_c_0_1', 'svm_c_1_0'];"
    )
    (tmp_path / "newsgroups/runs/svm").mkdir()
    (tmp_path / "newsgroups/runs/svm/seed-1.complete").touch()
    assert list(unchosen(plan, tmp_path)) == []


def test_the_files_of_the_model_are_those_that_every_candidate_has():
    network = COMMITTED["variants"]["glove_lstm"]
    length = network | {"input": network["input"] | {"length": {"grid": [50, 100]}}}
    read = {"grid": [{"features": "ngrams"}, {"encoding": "words", "form": "multihot"}]}
    plan = planned(
        ["a", "b"],
        a=length | {"choose": BY},
        b=network | {"title": "B", "input": read, "choose": BY},
    )
    files = set(model_files(plan.variants, "a"))
    assert {"model.keras", "vocabulary.parquet"} <= files
    assert "model.keras" in model_files(plan.variants, "b")
    assert not {"vocabulary.parquet", "features/features.json"} & set(
        model_files(plan.variants, "b")
    )
    assert plan.variants["a"].input is None


def test_candidates_that_read_documents_alike_are_on_the_pages_about_words():
    network = COMMITTED["variants"]["glove_lstm"]
    layers = [{"LSTM": {"units": {"grid": [8, 16]}}}]
    plan = planned(["lstm"], lstm=network | {"layers": layers, "choose": BY})
    assert plan.last_trained == {"glove": "lstm"}
    assert "embedding.npy" in plan.variants["lstm"].run_files()


def test_vectors_that_only_candidates_read_are_not_drawn():
    """Their maps show right and wrong answers on test documents."""
    encoder = {"title": "E", "source": "imdb_sample", "length": 9, "pooling": "mean"}
    dense = {"title": "D", "input": {"features": {"grid": ["one", "two"]}}, "choose": BY}
    dense["layers"] = [{"Dense": {"units": 3}}]
    config = configured(["dense"], dense=dense)
    config["encoders"] = {"e": encoder}
    config["features"] |= {name: {"encoder": "e"} for name in ("one", "two")}
    assert Plan(config).encoded == {}


def test_what_another_variant_inherits_is_chosen_too_if_it_has_grids():
    config = configured(
        more={"extends": "svm", "title": "More"},
        none={"extends": "svm", "title": "None", "pipeline": [{"LinearSVC": {}}]},
        one={"extends": "svm_c_10", "title": "One"},
    )
    assert config["variants"]["more"]["choose"]["candidates"][0] == "more_c_0_1"
    assert "choose" not in config["variants"]["none"]
    plan = planned(["one"], one={"extends": "svm_c_10", "title": "One"})
    assert plan.variants["one"].pipeline[1] == {"LinearSVC": {"C": 10}}


GRIDS = st.lists(st.integers(1, 4), min_size=1, max_size=3).map(
    lambda sizes: {(str(n),): list(range(size)) for n, size in enumerate(sizes)}
)


@given(GRIDS, st.data(), st.integers(0, 9))
def test_points_are_drawn_without_repetition_and_always_the_same(grids, data, seed):
    total = math.prod(map(len, grids.values()))
    number = data.draw(st.integers(1, total))
    found = points({"try": number, "seed": seed}, grids)
    assert len(set(found)) == len(found) == number
    assert set(found) <= set(itertools.product(*grids.values()))
    assert points({"try": number, "seed": seed}, grids) == found
    if number < total - 1:  # one more is one more
        assert points({"try": number + 1, "seed": seed}, grids)[:number] == found


def test_points_of_a_grid_that_nobody_could_list_are_drawn_alike():
    """10^15 points; each value has the same chance, and another seed draws others."""
    grids = {(str(n),): list(range(10)) for n in range(15)}
    found = points({"try": MOST, "seed": 1}, grids)
    counts = Counter(value for point in found for value in point)
    assert all(0.6 < counts[value] / 150 < 1.4 for value in range(10))
    assert not set(found) & set(points({"try": MOST, "seed": 2}, grids))


def test_another_value_of_a_grid_changes_few_of_the_points():
    grids = {("a",): list(range(20)), ("b",): list(range(20))}
    found = points({"try": 50, "seed": 1}, grids)
    again = points({"try": 50, "seed": 1}, grids | {("a",): [*range(20), 99]})
    assert 40 <= len(set(found) & set(again)) < 50
    assert all(99 in point for point in again[:40] if point not in found)


def test_a_long_name_of_a_candidate_is_its_digest():
    arguments = {f"argument_{n}": {"grid": [1, 2]} for n in range(9)}
    variant = svm(pipeline=[{"X": arguments}], choose={"try": 3, "seed": 1})
    names = configured(svm=variant)["variants"]["svm"]["choose"]["candidates"]
    assert len(set(names)) == 3
    assert all(name.startswith("svm_") and len(name) <= LONGEST for name in names)


NINE = {f"a{n}": {"grid": list(range(10))} for n in range(9)}
REFUSED = [
    (svm(choose={"try": 0, "seed": 1}), ".try: found 0, expected a number from 1 to 3, of the 3"),
    (svm(choose={"try": -1, "seed": 1}), ".try: found -1, expected a number from 1 to 3"),
    (svm(choose={"try": 4, "seed": 1}), ".try: found 4, expected a number from 1 to 3"),
    (svm(choose={"try": True, "seed": 1}), ".try: found True, expected a number from 1 to 3"),
    (svm(choose={"try": "2", "seed": 1}), ".try: found '2', expected a number from 1 to 3"),
    (svm(choose={"try": 2}), ": 'seed' is missing"),
    (svm(choose={"seed": 2}), ": 'try' is missing"),
    (svm(choose={"tries": 2}), ": unknown key 'tries'; did you mean 'try'? allowed: by, try, seed"),
    (svm(choose={"candidates": ["nb_svm"]}), ": unknown key 'candidates'"),
    (svm(choose="val_accuracy"), ": found 'val_accuracy', expected a mapping"),
    (svm(pipeline=[{"LinearSVC": {}}]), ": the variant has no grid to choose from"),
    (svm(pipeline=[{"X": NINE}]), ": its grids have 1,000,000,000 points, expected 100 at most"),
    (
        svm(pipeline=[{"X": NINE}], choose={"try": 101, "seed": 1}),
        "expected a number from 1 to 100",
    ),
]


@pytest.mark.reliability("Bad configuration")
@pytest.mark.parametrize(("variant", "message"), REFUSED, ids=[m for _, m in REFUSED])
def test_a_choice_that_cannot_be_made_is_refused(variant, message):
    with pytest.raises(UserError) as refusal:
        configured(svm=variant)
    assert str(refusal.value).startswith("variants.svm.choose")
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_values_of_one_name_are_refused_before_any_is_drawn():
    with pytest.raises(UserError, match="would both be called 'svm_c_1'"):
        configured(svm=svm([1, 2, 1, 3], choose={"try": 3, "seed": 1}))


LECTURE = COMMITTED["variants"]["glove_lstm"] | {"fit": {"protocol": "lecture"}, "choose": BY}
LECTURE |= {"layers": [{"LSTM": {"units": {"grid": [4, 8]}}}]}
VOTE = {"members": ["nb_svm", "tfidf_svm"], "method": {"grid": ["vote", "stack"]}}
MISTAKES = [
    (svm(choose={"by": "accuracy"}), ".by: found 'accuracy'; did you mean 'val_accuracy'?"),
    (svm(choose={"by": "val_loss"}), ".by: found 'val_loss'"),
    (
        svm(choose={"by": "val_macro_f1"}),
        ".by: found 'val_macro_f1', expected 'val_accuracy': the metric by which variants are"
        " compared on 'newsgroups'",
    ),
    (svm(choose={"try": 2, "seed": -1}), ".seed: found -1, expected at least 0"),
    ({"title": "E", "ensemble": VOTE, "choose": BY}, ": an ensemble cannot be chosen"),
    (LECTURE, ": 'protocol: lecture' fits the validation documents"),
]


@pytest.mark.reliability("Bad configuration")
@pytest.mark.parametrize(("variant", "message"), MISTAKES, ids=[m for _, m in MISTAKES])
def test_a_mistake_of_a_choice_is_one_line(variant, message):
    config = configured(svm=variant)
    config["encodings"] |= {"words": {"num_words": 100, "fit": "all"}}
    config["compare"]["corpora"] = ["newsgroups"]
    (found,) = messages(config)
    assert found.startswith(f"variants.svm.choose{message}")


def test_without_by_each_corpus_has_its_own_metric():
    config = configured(svm=svm(choose={}))
    config["compare"]["metric"] = {"newsgroups": "macro_f1"}
    assert messages(config) == []
