import copy
import json

import pytest
import yaml
from helpers import ROOT
from snakemake.utils import update_config

from seq2report.config.encoders import checkpoints, read_speed, tuning_notices, tuning_seconds
from seq2report.config.grids import with_grids
from seq2report.config.plan import COMPLETE, Plan
from seq2report.core.command import write_json
from seq2report.models.pretrained import operations

SPEEDS = ROOT / "workflow/encoders.csv"
ARCHITECTURE = {"vocabulary": 30_522, "positions": 512, "layers": 6, "heads": 12, "width": 384}
ARCHITECTURE |= {"inner": 1536, "activation": "gelu", "epsilon": 1e-12}
ARCHITECTURE |= {"dropout": 0.1, "attention_dropout": 0.1}


@pytest.fixture
def config():
    """Return the configuration of pretrained encoders, over the default one."""
    names = ("config/config.yaml", "config/encoder.yaml")
    base, encoder = (yaml.safe_load((ROOT / name).read_text(encoding="utf-8")) for name in names)
    merged = copy.deepcopy(base)
    update_config(merged, encoder)
    return merged


def read(results, corpus):
    """Write what is read of a corpus and the encoder, as the workflow does."""
    counts = [{"split": "train", "label": "a", "documents": 1000}]
    counts += [{"split": "test", "label": "a", "documents": 500}]
    folder = results / corpus / "pieces/minilm"
    (results / "encoders/minilm").mkdir(parents=True, exist_ok=True)
    folder.mkdir(parents=True)
    write_json(results / corpus / "corpus.json", {"counts": counts})
    write_json(folder / "encoding.json", {"ids": 300_000, "documents": 1500})
    write_json(results / "encoders/minilm/encoder.json", {"architecture": ARCHITECTURE})


def test_a_fine_tuning_is_announced_once_what_it_reads_is_known_and_until_it_is_done(
    config, tmp_path
):
    plan = Plan(config)
    assert list(tuning_notices(plan, tmp_path, SPEEDS)) == []
    read(tmp_path, "imdb")
    (notice,) = tuning_notices(plan, tmp_path, SPEEDS)
    assert notice.startswith("variants.minilm_tuned on imdb: a training on the CPU takes about")
    assert notice.endswith("minutes (1 training to do)")
    run = tmp_path / "imdb/runs/minilm_tuned/seed-1"
    run.mkdir(parents=True)
    run.with_name(f"seed-1{COMPLETE}").touch()
    assert list(tuning_notices(plan, tmp_path, SPEEDS)) == []


def test_the_fine_tunings_with_fewer_labels_are_announced_too(config, tmp_path):
    config["compare"]["labels"] = {"variants": ["minilm_tuned"], "sizes": [100, 200, "all"]}
    read(tmp_path, "imdb")
    (notice,) = tuning_notices(Plan(config), tmp_path, SPEEDS)
    assert notice.endswith("minutes (3 trainings to do, 2 of them with fewer labels)")


def test_the_candidates_of_a_fine_tuning_are_announced_and_not_the_choice(config, tmp_path):
    tuned = config["variants"]["minilm_tuned"]
    tuned["fit"]["batch_size"] = {"grid": [16, 32]}
    config["variants"]["minilm_tuned"] = tuned | {"choose": {"by": "val_accuracy"}}
    plan = Plan(with_grids(config))
    assert plan.variants["minilm_tuned"].input.encoder == "minilm"
    read(tmp_path, "imdb")
    names = [notice.split(" on ")[0] for notice in tuning_notices(plan, tmp_path, SPEEDS)]
    assert names == [f"variants.minilm_tuned_batch_size_{n}" for n in (16, 32)]


def test_the_duration_grows_with_documents_pieces_epochs_and_trained_layers(config):
    from seq2report.config.resolve import resolve_variant
    from seq2report.models.pretrained import Architecture

    architecture, speed = Architecture(**ARCHITECTURE), 1e11

    def seconds(documents=1000, pieces=100.0, **changes):
        settings = copy.deepcopy(config)
        variant = settings["variants"]["minilm_tuned"]
        for key, values in changes.items():
            variant[key] |= values
        resolved = resolve_variant(settings, "minilm_tuned")
        return tuning_seconds(resolved, architecture, documents, pieces, speed)

    first = seconds()
    each = 6 * (2 * (4 * 384**2 + 2 * 384 * 1536) + 4 * 384 * 100)
    assert operations(architecture, 100, 0) == each
    assert first == pytest.approx(3 * 1000 * 100 * each * (1 + 2 * 2 / 6) / 1e11)
    assert seconds(documents=2000) == pytest.approx(2 * first)
    assert seconds(pieces=1e6) == seconds(pieces=128)  # the variant reads no more
    assert seconds(fit={"epochs": 6}) == pytest.approx(2 * first)
    assert seconds(fit={"refit": True}) == pytest.approx(2 * first)
    assert seconds(input={"train_layers": 6}) == pytest.approx(first * 3 / (1 + 2 * 2 / 6))


def test_the_measured_speed_is_that_of_the_slowest_case_and_of_the_precision():
    assert 1e9 < read_speed(SPEEDS, "float32") < read_speed(SPEEDS, "bfloat16") < 1e13


def test_a_checkpoint_is_at_hand_if_it_is_local_or_downloaded(config, tmp_path, monkeypatch):
    """The local one first: its download may be a copy of it before it was changed."""
    monkeypatch.chdir(tmp_path)
    source = config["sources"]["minilm"]
    assert "file" not in checkpoints(config, (tmp_path,))["minilm"]
    downloaded = tmp_path / "resources/downloads" / source["file"]
    downloaded.parent.mkdir(parents=True)
    downloaded.write_bytes(b"any")
    found = checkpoints(config, (tmp_path,))["minilm"]
    assert found["file"] == f"resources/downloads/{source['file']}"
    (tmp_path / "models/minilm").mkdir(parents=True)
    source["from"].append({"url": "file:models/minilm"})
    found = checkpoints(config, (tmp_path,))["minilm"]
    assert (found["file"], found["length"]) == (str(tmp_path / "models/minilm"), 256)
    (tmp_path / "models/minilm/config.json").write_text(json.dumps({}), encoding="utf-8")
    assert checkpoints(config, (tmp_path,))["minilm"]["state"] != found["state"]
    config["encoders"]["minilm"]["prefix"] = "query: "
    assert checkpoints(config, (tmp_path,))["minilm"]["prefix"] == "query: "


def test_a_checkpoint_that_cannot_be_read_is_left_to_its_download(config, tmp_path, monkeypatch):
    (tmp_path / "models").mkdir()
    config["sources"]["minilm"]["from"].append({"url": "file:models"})

    def refused(_path):
        raise PermissionError

    monkeypatch.setattr("seq2report.config.encoders.state", refused)
    assert "file" not in checkpoints(config, (tmp_path,))["minilm"]
