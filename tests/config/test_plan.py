import copy
import re
from pathlib import Path

import pytest
import yaml
from helpers import ROOT

from seq2report.config.grids import with_grids
from seq2report.config.plan import (
    Plan,
    document_files,
    folders,
    matrix_files,
    read_peaks,
    recurrent_layers,
    requested_mb,
    unfinished,
)
from seq2report.models.variant import Input, Variant

COMMITTED = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
LECTURE = yaml.safe_load((ROOT / "config/lecture.yaml").read_text(encoding="utf-8"))


def plan(*compared, **compare):
    config = copy.deepcopy(COMMITTED)
    config["variants"] |= LECTURE["variants"]
    config["encodings"] |= LECTURE.get("encodings", {})
    config["embeddings"] |= LECTURE.get("embeddings", {})
    config["compare"] |= compare | ({"variants": list(compared)} if compared else {})
    return Plan(with_grids(config))


def test_members_of_ensembles_are_trained_but_not_compared():
    config = copy.deepcopy(COMMITTED)
    members = ["tfidf_svm", "glove_lstm"]
    config["variants"]["e"] = {"title": "E", "ensemble": {"members": members, "method": "vote"}}
    config["compare"]["variants"] = ["e"]
    found = Plan(config)
    assert list(found.variants) == ["e", *members]
    assert found.compared == ["e"]
    assert found.readers == {}


def test_the_pages_about_words_describe_the_encoding_of_the_first_network_that_reads_sequences():
    assert plan("multihot_dense", "glove_lstm").described == "words"
    assert plan("tfidf_svm").described == next(iter(COMMITTED["encodings"]))


def test_matrices_are_those_before_and_after_training():
    found = plan("learned_dense", "glove_lstm", "glove_dense", "glove_lstm_frozen")
    assert found.matrices[:2] == [("glove", "before"), ("glove_dense", "after")]
    assert ("glove_lstm_frozen", "after") not in found.matrices
    assert found.last_trained["glove"] == "glove_dense"
    titles = found.matrix_titles()
    assert titles["before"]["glove"] == COMMITTED["embeddings"]["glove"]["title"]
    assert titles["after"]["glove_dense"] == COMMITTED["variants"]["glove_dense"]["title"]


def test_networks_that_differ_in_their_length_alone_are_a_sweep():
    names = [f"glove_lstm_{n}" for n in (50, 100, 300)]
    found = plan("tfidf_svm", *names, "glove_dense").sweeps()
    assert found == [dict(zip(names, (50, 100, 300), strict=True))]
    assert plan("glove_lstm", "glove_dense").sweeps() == []


def test_lengths_are_described_once_each():
    assert plan("glove_lstm", "glove_dense").described_lengths() == [
        {"length": 150, "padding": "pre", "truncating": "pre"}
    ]


def test_a_network_on_one_hot_vectors_reads_words_in_order_too():
    found = plan("onehot_lstm", "tfidf_svm")
    assert found.described == LECTURE["variants"]["onehot_rnn"]["input"]["encoding"]
    assert [length["length"] for length in found.described_lengths()] == [150]
    assert (found.pretrained, found.matrices[:1]) == ([], [("cbow", "before")])
    assert plan("onehot_lstm", "glove_lstm").described == "words"


def test_variants_by_the_lectures_protocol_and_ensembles_do_not_vote_on_labels():
    assert plan("lecture_lstm", "glove_lstm", "ensemble").voters == ["glove_lstm"]
    assert plan("ensemble").voters == ["ensemble"]


def test_every_corpus_variant_and_seed_is_a_training():
    compared = {"corpora": ["imdb", "newsgroups"], "seeds": {"imdb": 1}}
    labels = {"sizes": [50, "all", 0.1], "variants": ["tfidf_svm", "naive_bayes"]}
    found = plan("tfidf_svm", "multihot_dense", **compared, labels=labels | {"variants": []})
    seeds = COMMITTED["seeds"]
    assert found.trainings("imdb") == [("tfidf_svm", 1, ""), ("multihot_dense", 1, "")]
    assert len(found.trainings("newsgroups")) == 2 * len(seeds)
    found = plan("tfidf_svm", "multihot_dense", **compared, labels=labels)
    assert (found.labelled, found.subsets) == (["tfidf_svm"], ["labels-50/", "", "labels-0.1/"])
    subsets = [("tfidf_svm", 1, "labels-50/"), ("tfidf_svm", 1, "labels-0.1/")]
    assert found.trainings("imdb")[2:] == subsets


def test_the_report_depends_on_the_sources_of_its_corpora_encodings_and_embeddings():
    config = COMMITTED
    expected = {config["corpora"][name]["source"] for name in config["compare"]["corpora"]}
    assert set(plan("tfidf_svm", embeddings=[]).used_sources()) == expected
    vectors = config["embeddings"]["glove"]["source"]
    assert set(plan("glove_lstm", embeddings=[]).used_sources()) == expected | {vectors}


def test_the_report_depends_on_the_word_index_of_the_pages_about_words():
    found = plan("tfidf_svm", embeddings=[])
    found.config["encodings"] = {"keras": {"num_words": 10_000, "index": "glove_sample"}}
    assert "glove_sample" in found.used_sources()


def test_the_report_depends_on_the_source_of_the_lessons_corpus():
    lessons = {"corpus": "imdb", "pages": ["cbow"]}
    config = COMMITTED | {"lessons": lessons}
    config["compare"] = COMMITTED["compare"] | {"corpora": ["newsgroups"], "embeddings": []}
    config["compare"]["variants"] = ["tfidf_svm"]
    of = {name: COMMITTED["corpora"][name]["source"] for name in ("newsgroups", "imdb")}
    assert set(Plan(config).used_sources()) == set(of.values())
    config["lessons"] = lessons | {"pages": []}
    assert Plan(config).used_sources() == [of["newsgroups"]]


def test_a_plan_knows_whether_a_variant_follows_the_lectures_protocol():
    assert plan("tfidf_svm", "lecture_lstm").by_lecture
    assert not plan("tfidf_svm", "glove_lstm").by_lecture


def test_word_vectors_have_their_file_and_their_variants():
    found = plan("tfidf_svm", "glove_lstm", "glove_dense", embeddings=["cbow"]).word_vectors()
    source = COMMITTED["sources"][COMMITTED["embeddings"]["glove"]["source"]]
    embeddings = {**COMMITTED["embeddings"], **LECTURE["embeddings"]}
    titles = {name: about["title"] for name, about in embeddings.items()}
    variants = ["glove_lstm", "glove_dense"]
    assert found == {
        "cbow": {"title": titles["cbow"], "file": None, "variants": []},
        "glove": {"title": titles["glove"], "file": source["file"], "variants": variants},
    }


def test_a_network_reads_an_encoding_or_features():
    assert document_files(Input("sequence", encoding="words"))[0] == (
        "sequences/words/sequences.parquet"
    )
    assert document_files(Input("features", features="ngrams"))[0] == (
        "features/ngrams/documents.parquet"
    )
    assert matrix_files(Input("sequence", encoding="words")) == []
    assert matrix_files(Input("sequence", encoding="words", embedding="glove")) == [
        "embeddings/words/glove/matrix.npy"
    ]


@pytest.mark.parametrize(
    ("layers", "number"),
    [
        ([{"LSTM": {"units": 3}}, {"Bidirectional": {"layer": {"GRU": {"units": 3}}}}], 2),
        ([{"Dense": {"units": 3}}], 0),
        ({"file": "a.py", "function": "f", "arguments": {}, "digest": "d"}, 1),
    ],
)
def test_recurrent_layers_are_counted(layers, number):
    assert recurrent_layers(Variant("network", layers=layers)) == number


def test_a_job_asks_for_a_fifth_more_memory_than_was_measured(tmp_path):
    (tmp_path / "memory.csv").write_text("variant,peak_mb\na,1001\nb,2000\n")
    peaks = read_peaks(tmp_path / "memory.csv")
    assert (requested_mb(peaks, "a"), requested_mb(peaks, "b")) == (1300, 2400)
    assert requested_mb(peaks, "never measured") == 2400


def test_folders_are_listed_once():
    assert folders(["a/b/x", "a/b/y", "a/b.complete", "a/c/x"]) == ["a/b", "a/c"]


@pytest.mark.reliability("Interruption")
def test_a_run_whose_last_training_has_not_ended_is_found(tmp_path):
    found = plan("tfidf_svm")
    names = ("newsgroups/runs/tfidf_svm", "imdb/runs/tfidf_svm", "imdb/runs/of_another_plan")
    runs = [tmp_path / name / "seed-1" for name in names]
    for run in runs:
        run.mkdir(parents=True)
        (run / "run.json").write_text("{}")
    (runs[1].with_name("seed-1.complete")).touch()
    assert unfinished(found, tmp_path) == [str(runs[0])]


@pytest.mark.parametrize(("locked", "count"), [("results/here", 0), ("results/here2", 1)])
def test_while_a_run_makes_these_results_none_is_unfinished(tmp_path, monkeypatch, locked, count):
    monkeypatch.chdir(tmp_path)
    results = Path("results/here")
    run = results / "newsgroups/runs/tfidf_svm/seed-1"
    run.mkdir(parents=True)
    (run / "run.json").write_text("{}")
    lock = Path(".snakemake/locks/0.output.lock")
    lock.parent.mkdir(parents=True)
    lock.write_text(f"{locked}/newsgroups/corpus.json\n")
    assert len(unfinished(plan("tfidf_svm"), results)) == count


def test_documents_are_mapped_by_the_encoders_whose_vectors_variants_read():
    encoder = yaml.safe_load((ROOT / "config/encoder.yaml").read_text(encoding="utf-8"))
    config = copy.deepcopy(COMMITTED)
    for name in ("encoders", "features", "variants"):
        config[name] = config.get(name, {}) | encoder[name]
    config["compare"]["variants"] = ["minilm_frozen", "tfidf_svm", "minilm_dense"]
    found = Plan(config)
    assert found.encoded == {"sentences": ["minilm_frozen", "minilm_dense"]}
    assert found.encoded_titles()["encoders"] == {"sentences": "MiniLM-L6"}
    config["compare"]["variants"] = ["encoder_stacked"]  # its members, if no other reads them
    assert Plan(config).encoded == {"sentences": ["minilm_frozen"]}
    assert plan().encoded == {}


@pytest.mark.reliability("Security")
def test_the_path_of_a_script_is_quoted_in_every_rule():
    """A folder of the workflow may have a blank or a semicolon in its name."""
    rules = "".join(path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk"))
    started = re.findall(r"python (\{\S+\})", rules)
    assert len(started) > 20
    assert set(started) == {"{input.code[0]:q}"}
