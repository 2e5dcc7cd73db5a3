import pytest
from helpers import ROOT

from seq2report.config.gpus import gpu_notices, gpus, read_ratios

RATIOS = {"lstm": 2.5, "stacked": 0.4, "same": 1.0}


@pytest.mark.parametrize("job", ["lstm", "stacked", "own"])
@pytest.mark.parametrize("available", [True, False])
def test_a_number_in_the_configuration_holds_for_every_job(job, available):
    assert [gpus(n, job, RATIOS, available) for n in (0, 1)] == [0, 1]


def test_auto_uses_a_gpu_where_there_is_one_and_it_was_measured_to_be_faster():
    assert {job: gpus("auto", job, RATIOS, True) for job in (*RATIOS, "own")} == {
        "lstm": 1,
        "stacked": 0,
        "same": 0,
        "own": 0,
    }
    assert not any(gpus("auto", job, RATIOS, False) for job in RATIOS)


def test_what_auto_decides_is_told_with_its_reasons():
    assert gpu_notices(["lstm", "stacked", "own"], RATIOS, "gpu.csv") == [
        "gpu: auto: on the GPU: lstm (2.5 times as fast)",
        "gpu: auto: on the CPU, which is faster: stacked (0.4)",
        "gpu: auto: on the CPU, because gpu.csv does not have them: own",
    ]


def test_the_ratios_are_those_of_the_table(tmp_path):
    (tmp_path / "gpu.csv").write_text("job,gpu_seconds,cpu_seconds\na,2,5\nb,4,1\n")
    assert read_ratios(tmp_path / "gpu.csv") == {"a": 2.5, "b": 0.25}
    assert read_ratios(ROOT / "workflow/gpu.csv")
