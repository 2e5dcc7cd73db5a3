import polars as pl
import pytest
from helpers import call

import train_pipeline
from seq2report.answers.architecture import SCHEMA, describe
from seq2report.answers.predictor import load
from seq2report.core.command import write_json


def boxes(trained, variant):
    run = trained / f"runs/{variant}/seed-1"
    found = describe(load(run), run)
    assert list(found.columns) == list(SCHEMA)
    assert found["position"].is_unique
    return found


def drawn(found):
    return [
        (position, name, shape) for position, _, name, _, shape, *_ in found.itertuples(index=False)
    ]


def test_a_network_is_its_layers_with_what_comes_out_of_them(trained):
    found = boxes(trained, "lstm")
    assert drawn(found) == [
        ("0", "Text", ""),
        ("1", "Word ids", "30"),
        ("2", "Embedding", "30 × 4"),
        ("3", "LSTM", "4"),
        ("4", "Dense", "3"),
        ("5", "Dense", "2 classes"),
    ]
    assert found["arguments"].tolist() == [
        "",
        "encoding: words, length: 30, padding: pre, truncating: pre",
        "trainable: true, dimensions: 4",
        "units: 4",
        "units: 3",
        "units: 2, activation: softmax",
    ]
    model = load(trained / "runs/lstm/seed-1").model
    assert found["parameters"].sum() == model.count_params()
    assert found["parameters"].tolist()[3:] == [4 * 4 * (4 + 4 + 1), 4 * 3 + 3, 3 * 2 + 2]


def test_a_box_counts_the_parameters_that_training_does_not_change(trained):
    run = trained / "runs/lstm/seed-1"
    assert boxes(trained, "lstm")["frozen"].sum() == 0
    model = load(run)
    model.model.get_layer("embedding").trainable = False
    found = describe(model, run)
    assert found["frozen"].fillna(0).tolist() == [0, 0, found["parameters"][2], 0, 0, 0]
    assert found["parameters"][2] > 0


def test_branches_stand_before_the_layer_that_merges_them(trained):
    found = boxes(trained, "branched")
    assert drawn(found)[3:] == [
        ("3", "Dropout", "30 × 4"),
        ("4/0/0", "Conv1D", "29 × 3"),
        ("4/0/1", "GlobalMaxPooling1D", "3"),
        ("4/1/0", "Flatten", "120"),
        ("4", "Concatenate", "123"),
        ("5", "Dropout", "123"),
        ("6", "Dense", "2 classes"),
    ]
    arguments = found.set_index("position")["arguments"]
    assert arguments["4"] == ""
    assert [arguments["3"], arguments["5"]] == ["rate: 0.1", "rate: 0.2"]
    assert arguments["4/0/0"] == "filters: 3, kernel_size: 2"
    assert found["kind"].tolist()[4:8] == ["layer", "layer", "layer", "merge"]


def test_a_network_on_features_begins_with_their_steps(trained):
    found = boxes(trained, "ngrams")
    words, letters, union, weights, dense = found["shape"][1:6]
    count = [int(each.removesuffix(" features").replace(",", "")) for each in (words, letters)]
    assert all(count)
    assert union == weights == f"{sum(count):,} features"
    assert dense == "3"
    assert found["name"].tolist() == [
        *("Text", "TfidfVectorizer", "TfidfVectorizer", "FeatureUnion", "NaiveBayesWeights"),
        *("Dense", "Dense"),
    ]
    assert found["position"].tolist() == ["0", "1/0/0", "1/1/0", "1", "2", "3", "4"]
    assert found["arguments"][2] == "analyzer: char_wb, ngram_range: [3, 4], min_df: 2"


@pytest.mark.parametrize(
    ("variant", "first", "second"),
    [("multihot", "Words, multi-hot", "Dense"), ("onehot", "Words, one-hot", "CategoryEncoding")],
)
def test_other_forms_of_words_are_told_by_their_names(trained, variant, first, second):
    assert [name for _, name, _ in drawn(boxes(trained, variant))][1:3] == [first, second]


def test_a_pipeline_is_its_steps_and_the_temperature_of_its_probabilities(trained):
    found = boxes(trained, "svm")
    assert found["name"].tolist() == ["Text", "TfidfVectorizer", "LinearSVC", "softmax"]
    assert found["shape"].tolist()[2:] == ["decision values: 1", "2 classes"]
    assert found["arguments"][3].startswith("temperature: 0.")
    features = int(found["shape"][1].removesuffix(" features").replace(",", ""))
    assert found["parameters"][2] == features + 1
    found = boxes(trained, "bayes")
    assert found["position"].tolist() == ["0", "1/0/0", "1/1/0", "1", "2"]
    assert found["kind"].tolist() == ["text", "step", "step", "merge", "output"]


def test_an_ensemble_is_its_members_with_their_weights(trained):
    found = boxes(trained, "vote")
    assert drawn(found) == [
        ("0", "Text", ""),
        ("1/0/0", "lstm", ""),
        ("1/1/0", "svm", ""),
        ("1", "vote", "2 classes"),
    ]
    assert found["arguments"].tolist()[1:] == ["weight: 0.500", "weight: 0.500", ""]
    network = boxes(trained, "lstm")["parameters"].sum()
    assert found["parameters"][1] == network


@pytest.mark.reliability("Languages")
@pytest.mark.parametrize(("pattern", "noticed"), [(r"\w+", True), ("words", False)])
def test_the_drawing_says_that_a_token_pattern_reads_sentences_as_words(pattern, noticed, tmp_path):
    step = {"CountVectorizer": {"token_pattern": pattern}}
    documents = pl.DataFrame(
        {
            "id": [str(n) for n in range(12)],
            "split": ["train", "validation", "test"] * 4,
            "label": list("aabbab") * 2,
            "text": [f"房间很大床很舒服{n},服务很好早餐不错" for n in range(12)],
        }
    )
    documents.write_parquet(tmp_path / "documents.parquet")
    write_json(
        tmp_path / "corpus.json",
        {"title": "C", "digest": "", "classes": ["a", "b"], "counts": []},
    )
    call(
        train_pipeline,
        corpus=tmp_path / "corpus.json",
        documents=tmp_path / "documents.parquet",
        settings={"pipeline": [step, {"MultinomialNB": {}}]},
        seed=1,
        output=tmp_path / "run",
    )
    shape = describe(load(tmp_path / "run"), tmp_path / "run")["shape"][1]
    assert ("most are sentences" in shape) == noticed
