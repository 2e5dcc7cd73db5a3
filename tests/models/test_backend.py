import json
import os
import subprocess
import sys

import pytest
from helpers import ROOT

from seq2report.models import backend

PRINT = """
from seq2report.models.backend import load_keras
config = load_keras(1).config
print(config.backend(), config.floatx(), config.epsilon(), config.max_epochs())
"""


@pytest.mark.reliability("Repeatability")
def test_keras_settings_of_a_home_or_shell_do_not_change_a_training(tmp_path):
    settings = {"floatx": "float16", "epsilon": 0.1, "backend": "jax"}
    (tmp_path / ".keras").mkdir()
    (tmp_path / ".keras/keras.json").write_text(json.dumps(settings))
    shell = {"KERAS_BACKEND": "torch", "KERAS_MAX_EPOCHS": "1", "KERAS_HOME": f"{tmp_path}/.keras"}
    shell |= {"HOME": str(tmp_path), "PYTHONPATH": str(ROOT / "scripts")}
    done = subprocess.run(
        [sys.executable, "-c", PRINT], env=os.environ | shell, capture_output=True, text=True
    )
    assert done.stdout == "tensorflow float32 1e-07 None\n", done.stderr


@pytest.mark.parametrize(
    ("flags", "expected"),
    [("avx512_bf16 amx_tile", False), ("amx_bf16x", False), ("amx_tile amx_bf16 amx_int8", True)],
)
def test_a_processor_has_amx_if_linux_lists_its_16_bit_products(monkeypatch, flags, expected):
    about = f"model name\t: Any\nflags\t\t: fpu {flags}\n"
    monkeypatch.setattr(backend.Path, "is_file", lambda self: str(self) == "/proc/cpuinfo")
    monkeypatch.setattr(backend.Path, "read_text", lambda self: about)
    assert backend.has_amx() is expected
