import json

import pytest
from configurations import COMMITTED, ENSEMBLE, changed

from seq2report.config.check_models import check_models
from seq2report.core.command import UserError
from seq2report.core.machine import memory_mb


@pytest.fixture
def script(tmp_path):
    """A stand-in for check.py that counts its calls and refuses a dense layer of 99 units."""
    path = tmp_path / "check.py"
    path.write_text(
        "import json, os, sys\n"
        "open('gpus', 'w').write(os.environ.get('CUDA_VISIBLE_DEVICES', 'all'))\n"
        "open('calls', 'a').write('x')\n"
        "content = json.load(sys.stdin)\n"
        "open('built', 'w').write(' '.join(content['variants']))\n"
        "open('memory_mb', 'w').write(str(content['memory_mb']))\n"
        "text = json.dumps(content)\n"
        "print('E tensorflow: error: no GPU', file=sys.stderr)\n"
        "if '\"units\": 99' in text:\n"
        "    sys.exit('error: not right\\n  v: Keras error: 99')\n"
    )
    return path


def calls(tmp_path):
    return len((tmp_path / "calls").read_text())


def test_models_are_built_once_for_the_same_settings(script, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    memory = tmp_path / "results/checked.json"
    for config, expected in [
        (COMMITTED, 1),
        (COMMITTED, 1),
        (changed({"variants.glove_lstm.title": "Other"}), 1),
        (changed({"variants.glove_lstm.input.length": 9}), 2),
        (changed({"encodings.words.num_words": 9}), 3),
        (changed({"encodings.words.num_words": 9, "variants.both": ENSEMBLE}), 3),
    ]:
        check_models(config, script, memory)
        assert calls(tmp_path) == expected
    assert json.loads(memory.read_text())["versions"]["keras"]
    script.write_text(f"{script.read_text()}# a stricter check\n")
    check_models(COMMITTED, script, memory)
    assert calls(tmp_path) == 4


def test_of_a_changed_configuration_only_the_new_models_are_built(script, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    memory = tmp_path / "checked.json"
    check_models(COMMITTED, script, memory)
    longer = {"variants.glove_lstm.input.length": 9}
    check_models(changed(longer), script, memory)
    assert (tmp_path / "built").read_text() == "glove_lstm"
    another = {"variants.another": COMMITTED["variants"]["glove_lstm"]}
    check_models(changed(longer | another), script, memory)
    assert (tmp_path / "built").read_text() == "another"
    memory.write_text("damaged")
    check_models(COMMITTED, script, memory)
    assert len((tmp_path / "built").read_text().split()) > 5


def test_the_memory_is_that_of_the_machine_unless_the_configuration_has_another(
    script, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    for config, expected in ((COMMITTED, memory_mb()), (COMMITTED | {"memory_mb": 10**9}, 10**9)):
        check_models(config, script, tmp_path / "checked.json")
        assert (tmp_path / "memory_mb").read_text() == str(expected)


@pytest.mark.parametrize("visible", [None, "0,1"])
def test_models_are_built_without_a_gpu(script, tmp_path, monkeypatch, visible):
    """TensorFlow would reserve the memory of all GPUs, also for `gpu: 0` and during a dry run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    check_models(COMMITTED, script, tmp_path / "checked.json")
    assert (tmp_path / "gpus").read_text() == "-1"


@pytest.mark.reliability("Bad configuration")
def test_a_wrong_model_is_reported_each_time_without_the_messages_of_libraries(
    script, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    wrong = changed({"variants.glove_lstm.layers": [{"Dense": {"units": 99}}]})
    for n in (1, 2):
        with pytest.raises(UserError) as refusal:
            check_models(wrong, script, tmp_path / "checked.json")
        assert str(refusal.value) == "not right\n  v: Keras error: 99"
        assert calls(tmp_path) == n
    assert not (tmp_path / "checked.json").exists()


def test_a_memory_that_cannot_be_written_is_no_hindrance(script, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    check_models(COMMITTED, script, tmp_path / "file/checked.json")
    assert calls(tmp_path) == 1
