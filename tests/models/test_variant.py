import json

import pytest
from helpers import TRAINED
from networks import SEQUENCE, settings

from seq2report.models.variant import KINDS, Variant, kind_of, model_files

VARIANTS = {name: Variant.read(each) for name, each in TRAINED.items()}


@pytest.mark.parametrize("name", TRAINED)
def test_settings_are_read_and_written_without_loss(name):
    written = VARIANTS[name].settings()
    assert Variant.read(json.loads(json.dumps(written))) == VARIANTS[name]
    expected = json.loads(json.dumps(TRAINED[name]))
    for key, value in expected.items():
        found = written[key]
        assert (found == value) if not isinstance(value, dict) else (value.items() <= found.items())


def test_the_kind_follows_from_the_settings():
    kinds = {name: VARIANTS[name].kind for name in ("lstm", "ngrams", "svm", "vote")}
    assert kinds == {"lstm": "network", "ngrams": "network", "svm": "pipeline", "vote": "ensemble"}
    assert kind_of({}) == "network"
    assert all(kind_of({kind.key: None}) == name for name, kind in KINDS.items())


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({}, "one of 'choose', 'ensemble', 'predictions', 'pipeline', 'layers', found nothing"),
        ({"input": {}}, "found input"),
        ({"pipeline": [], "more": 1}, "unexpected keyword argument 'more'"),
        (settings(SEQUENCE | {"size": 3}), "unexpected keyword argument 'size'"),
        ({"ensemble": {"members": []}}, "missing 1 required positional argument: 'method'"),
    ],
)
def test_what_describes_no_variant_is_refused(bad, message):
    with pytest.raises(ValueError, match=message):
        Variant.read(bad)


def test_an_ensemble_is_loaded_from_its_own_files_and_those_of_its_members():
    assert model_files(VARIANTS, "stack") == [
        *("metrics.json", "run.json", "SHA256SUMS", "ensemble.json"),
        *(f"members/svm/{file}" for file in model_files(VARIANTS, "svm")),
        *(f"members/ngrams/{file}" for file in model_files(VARIANTS, "ngrams")),
        *(f"members/lstm/{file}" for file in model_files(VARIANTS, "lstm")),
    ]
    assert "features/model.skops" in model_files(VARIANTS, "ngrams")


def test_a_run_leaves_no_validation_documents_by_the_lectures_protocol():
    lecture = Variant.read(settings(SEQUENCE | {"trainable": False}, protocol="lecture"))
    assert not lecture.is_held_out
    assert lecture.run_files() == ["metrics.json", "predictions.parquet", "history.csv"]
    assert VARIANTS["svm"].run_files() == [*lecture.run_files(), "validation.parquet"]
    assert VARIANTS["lstm"].run_files() == [*VARIANTS["svm"].run_files(), "embedding.npy"]


def test_the_files_of_the_table_are_those_that_a_run_leaves(trained):
    for name, variant in VARIANTS.items():
        listed = {*variant.run_files(), *model_files(VARIANTS, name)}
        run = trained / f"runs/{name}/seed-1"
        assert {p.relative_to(run).as_posix() for p in run.rglob("*") if p.is_file()} == listed
