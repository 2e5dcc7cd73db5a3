import errno
import json
import os
import subprocess
import sys
import time
from itertools import pairwise
from unittest.mock import Mock

import pytest
from helpers import ROOT
from hypothesis import given
from hypothesis import strategies as st

import train_network
from seq2report.core.command import UserError
from seq2report.models import devices
from seq2report.models.devices import Device, choices

NVIDIA_SMI = """#!/bin/sh
case "$1" in
  --query-gpu=index,uuid,memory.used,memory.total) cat "{folder}/devices" ;;
  --query-compute-apps=gpu_uuid,pid) cat "{folder}/processes" ;;
  -L) cat "{folder}/names" ;;
esac
"""
TAKE = """
import os, sys
from pathlib import Path
from seq2report.models import devices
devices.LOCKS = Path(os.environ["LOCKS"])
limit = devices.take(int(os.environ.get("SHARE", "1")), seconds=0.05)
print(os.environ["CUDA_VISIBLE_DEVICES"], *[limit] * bool(limit), flush=True)
sys.stdin.read()
"""
# What TensorFlow is to `load_keras`: one GPU, unless CUDA is set to see none or an absent one.
TENSORFLOW = """
import os
SEEN = os.environ.get("CUDA_VISIBLE_DEVICES")
GROWS = []
class config:
    def LogicalDeviceConfiguration(memory_limit): return memory_limit
    def set_logical_device_configuration(device, parts): GROWS.append((device, parts))
    def list_physical_devices(kind): return [] if SEEN in ("-1", "GPU-none") else ["a GPU"]
    class experimental:
        def set_memory_growth(device, on): GROWS.append((device, on))
        def get_device_details(device): return {"device_name": "A name"}
class test:
    def is_built_with_cuda(): return False
"""
KERAS = "class utils:\n    def set_random_seed(seed): pass\n"
LOAD = """
import json, os, sys
from pathlib import Path
from seq2report.models import devices
from seq2report.models.backend import gpu_name, load_keras
devices.LOCKS = Path(os.environ["LOCKS"])
load_keras(1, gpu=int(sys.argv[1]), gpu_share=int(sys.argv[2]))
import tensorflow as tf
print(json.dumps([tf.SEEN, tf.GROWS, gpu_name()]))
"""
TWO = [Device("0", "GPU-aa-1", 4, 0), Device("1", "GPU-bb-2", 3, 0)]
names = st.lists(st.sampled_from(["0", "1", "7", "GPU-aa-1", "GPU-b", "MIG-GPU-aa/1/0"]))
listings = st.lists(
    st.builds(Device, st.sampled_from("01234"), st.sampled_from(["GPU-aa-1", "GPU-bb-2", "GPU-c"]))
)


class Host:
    """A host whose nvidia-smi lists what a test says."""

    def __init__(self, folder):
        (folder / "bin").mkdir()
        (folder / "bin/nvidia-smi").write_text(NVIDIA_SMI.format(folder=folder))
        (folder / "bin/nvidia-smi").chmod(0o755)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("CUDA_", "SLURM_"))}
        path = os.pathsep.join([str(folder / "bin"), os.environ["PATH"]])
        scripts = str(ROOT / "scripts")
        self.environment = kept | {"PATH": path, "LOCKS": str(folder), "PYTHONPATH": scripts}
        self.folder, self.started = folder, []
        self.lists(["GPU-a", "GPU-b"])

    def lists(self, uuids, busy=(), names=""):
        lines = "".join(f"{n}, {uuid}, 3, 10000\n" for n, uuid in enumerate(uuids))
        computing = "".join(f"{uuid}, 7\n" for uuid in busy)
        for name, text in (("devices", lines), ("names", names), ("processes", computing)):
            part = self.folder / f"{name}.part"  # a job that waits may read at any moment
            part.write_text(text)
            part.rename(self.folder / name)

    def job(self, **environment) -> subprocess.Popen:
        """Start a job that takes a device and holds it until it is ended; it prints which."""
        log = (self.folder / f"log-{len(self.started)}").open("w+")
        job = subprocess.Popen(
            [sys.executable, "-c", "import logging; logging.basicConfig(level=20)\n" + TAKE],
            env=self.environment | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        self.started.append((job, log))
        return job

    def says(self, job, text):
        """Wait until a job writes something to its log."""
        (log,) = (log for each, log in self.started if each is job)
        for _ in range(600):
            log.seek(0)
            if text in log.read():
                return
            assert job.poll() is None
            time.sleep(0.05)
        pytest.fail(f"a job never said {text!r}")


@pytest.fixture
def host(tmp_path):
    host = Host(tmp_path)
    yield host
    for job, log in host.started:
        job.kill()
        job.communicate()
        log.close()


def taken(job) -> str:
    return job.stdout.readline().strip()


def test_jobs_take_different_devices_and_the_next_one_waits_for_one_to_end(host):
    jobs = [host.job(), host.job()]
    assert sorted(map(taken, jobs)) == ["GPU-a", "GPU-b"]
    third = host.job()
    host.says(third, "waiting for a GPU: all 2 are taken")
    jobs[0].kill()  # without a chance to clean up
    jobs[0].wait()
    assert taken(third) in ("GPU-a", "GPU-b")
    (host.folder / "own").mkdir()
    fourth = host.job(TMPDIR=str(host.folder / "own"))  # as PBS, LSF and SGE set it
    host.says(fourth, "waiting for a GPU: all 2 are taken")


def test_a_device_that_another_program_computes_on_is_left_to_it(host):
    host.lists(["GPU-a", "GPU-b"], busy=["GPU-a"])
    assert taken(host.job()) == "GPU-b"
    waiting = host.job()
    host.says(waiting, "waiting for a GPU")
    host.lists(["GPU-a", "GPU-b"])
    assert taken(waiting) == "GPU-a"


def test_jobs_share_a_device_up_to_the_number_allowed_and_divide_its_memory(host):
    jobs = [host.job(SHARE="2") for _ in range(4)]
    found = sorted(map(taken, jobs))
    assert found == ["GPU-a 4500", "GPU-a 4500", "GPU-b 4500", "GPU-b 4500"]
    fifth = host.job(SHARE="2")
    host.says(fifth, "waiting for a GPU: all 2 are taken")
    jobs[0].kill()
    jobs[0].wait()
    assert taken(fifth).endswith("4500")


def test_jobs_that_may_share_take_different_devices_first(host):
    assert sorted(taken(host.job(SHARE="2")) for _ in range(2)) == ["GPU-a 4500", "GPU-b 4500"]


def test_one_device_that_was_given_to_all_is_shared_by_as_many_as_allowed(host):
    given = {"CUDA_VISIBLE_DEVICES": "GPU-b", "SHARE": "2"}
    assert [taken(host.job(**given)) for _ in range(2)] == ["GPU-b 4500"] * 2
    host.says(host.job(**given), "waiting for a GPU: all 1 are taken")


PARTITIONS = """GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-a)
  MIG 3g.20gb     Device  0: (UUID: MIG-a1)
  MIG 1c.2g.10gb  Device  1: (UUID: MIG-a2)
GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-b)
"""


def test_partitions_take_the_place_of_their_gpu(host):
    found = devices.parse_devices("0, GPU-a, 9, 40000\n1, GPU-b, 0, 40000\n", "", PARTITIONS)
    assert found == [
        Device("MIG-a1", "MIG-a1", total_mb=20 * 1024),
        Device("MIG-a2", "MIG-a2", total_mb=10 * 1024),
        Device("1", "GPU-b", 0, 0, 40000),
    ]
    host.lists(["GPU-a", "GPU-b"], names=PARTITIONS)
    assert sorted(taken(host.job()) for _ in range(3)) == ["GPU-b", "MIG-a1", "MIG-a2"]
    host.says(host.job(), "waiting for a GPU: all 3 are taken")


def test_one_device_that_was_given_is_taken_as_it_is(host):
    host.lists(["GPU-a", "GPU-b"], busy=["GPU-a"])
    for environment in (
        {"CUDA_VISIBLE_DEVICES": "0"},
        {"CUDA_VISIBLE_DEVICES": "0", "SLURM_JOB_GPUS": "3", "SLURM_JOB_ID": "1"},
        {"SLURM_JOB_GPUS": "0", "SLURM_JOB_ID": "1"},
    ):
        assert taken(host.job(**environment)) == "0"


def test_of_several_that_were_given_each_job_takes_one_and_no_other(host):
    host.lists(["GPU-a", "GPU-b", "GPU-c"])
    jobs = [host.job(CUDA_VISIBLE_DEVICES="2,GPU-b") for _ in range(2)]
    assert sorted(map(taken, jobs)) == ["2", "GPU-b"]
    host.says(host.job(CUDA_VISIBLE_DEVICES="2,1"), "waiting for a GPU: all 2 are taken")
    assert taken(host.job()) == "GPU-a"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, None),
        ({"CUDA_VISIBLE_DEVICES": "2, GPU-a"}, ["2", "GPU-a"]),
        ({"CUDA_VISIBLE_DEVICES": "1,-1,0"}, ["1"]),
        *(({"CUDA_VISIBLE_DEVICES": none}, []) for none in ("", "-1", "NoDevFiles")),
        ({"CUDA_VISIBLE_DEVICES": "1", "SLURM_JOB_GPUS": "4"}, ["1"]),
        ({"SLURM_JOB_GPUS": "4,5", "SLURM_JOB_ID": "1"}, ["4", "5"]),
        ({"SLURM_JOB_ID": "1"}, []),
    ],
)
def test_what_was_given_is_read_as_cuda_reads_it(environ, expected):
    assert devices.assigned(environ) == expected


@given(names, listings)
def test_what_was_given_is_never_widened(names, listed):
    assert sorted(name for name, _ in choices(names, listed)) == sorted(names)
    assert {name for name, _ in choices(None, listed)} == {device.uuid for device in listed}


@given(st.permutations([Device("0", "a", 9, 0), Device("1", "b", 5, 2), Device("2", "c", 5, 0)]))
def test_the_least_used_device_comes_first(listed):
    assert [name for name, _ in choices(None, listed)] == ["c", "a", "b"]


def test_a_name_stands_for_the_device_with_this_number_or_this_beginning_of_its_uuid():
    found = [choices([name], TWO)[0][1] for name in ("1", "GPU-aa", "MIG-1")]
    assert found == [TWO[1], TWO[0], Device("MIG-1", "MIG-1")]


def test_the_listing_of_nvidia_smi_is_read():
    listing = "0, GPU-a, 11, 8000\n1, GPU-b, [N/A], [N/A]\n"
    found = devices.parse_devices(listing, "GPU-b, 12\nGPU-b, 13\nGPU-x, 14\n")
    assert found == [Device("0", "GPU-a", 11, 0, 8000), Device("1", "GPU-b", 0, 2)]
    for one, other in pairwise([*found, *devices.parse_devices("", "")]):
        assert one.uuid != other.uuid


# The arguments of a training of nothing: it comes no further than to the GPU.
NOTHING = ["--corpus", "none.json", "--documents", "none", "--settings", "{}", "--seed", "1"]
NOTHING += ["--output", "run", "--gpu", "1"]


def train(host, **environment):
    return subprocess.run(
        [sys.executable, ROOT / "scripts/train_network.py", *NOTHING],
        env=host.environment | environment,
        cwd=host.folder,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ({"CUDA_VISIBLE_DEVICES": ""}, "none was given to this job (CUDA_VISIBLE_DEVICES is '')"),
        ({"SLURM_JOB_ID": "1"}, "none was given to this job (Slurm assigned none)"),
        ({"PATH": "/nowhere"}, "nvidia-smi, which lists them, is not installed"),
        ({}, "nvidia-smi lists none"),
    ],
)
def test_a_gpu_that_is_asked_for_and_absent_is_reported(host, monkeypatch, environment, reason):
    host.lists([])
    for name in os.environ.keys() - host.environment.keys():
        monkeypatch.delenv(name)
    for name, value in (host.environment | environment).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UserError) as refusal:
        train_network.main(NOTHING)
    assert_absent(str(refusal.value), reason)


def assert_absent(message, reason):
    assert message.startswith("gpu: found no GPU: ")
    assert reason in message
    assert "'gpu: 0'" in message
    assert "'gpu_absent: cpu'" in message


def test_a_gpu_that_tensorflow_does_not_see_ends_the_job_with_a_message(host):
    done = train(host, CUDA_VISIBLE_DEVICES="GPU-none", PYTHONPATH=stand_ins(host))
    assert done.returncode == 1
    assert_absent(done.stderr.partition("error: ")[2], "TensorFlow sees none, its CPU build")
    assert "Traceback" not in done.stderr


def test_a_driver_that_does_not_answer_is_quoted(host):
    (host.folder / "bin/nvidia-smi").write_text("#!/bin/sh\necho NVML: no driver; exit 9\n")
    done = train(host)
    assert "found no GPU: nvidia-smi failed: NVML: no driver; expected one" in done.stderr


def stand_ins(host) -> str:
    """Write stand-ins for TensorFlow and Keras; return the path on which they are found."""
    for name, text in (("tensorflow", TENSORFLOW), ("keras", KERAS)):
        (host.folder / f"{name}.py").write_text(text)
    return f"{host.folder}{os.pathsep}{ROOT / 'scripts'}"


def load(host, gpu, share=1, **environment):
    done = subprocess.run(
        [sys.executable, "-c", LOAD, str(gpu), str(share)],
        env=host.environment | environment | {"PYTHONPATH": stand_ins(host)},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_tensorflow_is_loaded_with_the_device_in_sight_and_takes_memory_as_it_needs_it(host):
    host.lists(["GPU-a"])
    assert load(host, 1) == ["GPU-a", [["a GPU", True]], "A name"]


def test_of_a_shared_device_tensorflow_takes_the_part_of_a_job(host):
    host.lists(["GPU-a"])
    assert load(host, 1, share=3) == ["GPU-a", [["a GPU", [3000]]], "A name"]


def test_whether_there_is_a_gpu_is_known_without_tensorflow(host, monkeypatch):
    monkeypatch.setenv("PATH", host.environment["PATH"])
    for variable in ("CUDA_VISIBLE_DEVICES", "SLURM_JOB_ID", "SLURM_JOB_GPUS"):
        monkeypatch.delenv(variable, raising=False)
    assert devices.available()
    host.lists([])
    assert not devices.available()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert devices.available()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert not devices.available()
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    monkeypatch.setenv("PATH", "/nowhere")
    assert not devices.available()


def test_without_a_gpu_asked_for_tensorflow_sees_none(host):
    for environment in ({}, {"CUDA_VISIBLE_DEVICES": "0"}):
        assert load(host, 0, **environment) == ["-1", [], None]


def test_a_lock_can_be_read_by_other_users_whatever_the_umask(tmp_path, monkeypatch):
    monkeypatch.setattr(devices, "LOCKS", tmp_path)
    before = os.umask(0o077)
    try:
        assert devices.lock("GPU-1", 0)
    finally:
        os.umask(before)
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o644


def test_a_lock_that_other_users_cannot_read_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(devices, "LOCKS", tmp_path)
    monkeypatch.setattr(os, "open", refused := Mock(side_effect=PermissionError))
    with pytest.raises(UserError, match=f"{tmp_path}/seq2report-GPU-1-0.lock: found the lock"):
        devices.lock("GPU-1")
    # With fs.protected_regular: it is made between the two attempts to open it.
    refused.side_effect = [FileNotFoundError, PermissionError(13, "Permission denied")]
    with pytest.raises(UserError, match=r"lock cannot be locked .Permission denied"):
        devices.lock("GPU-1")
    (tmp_path / "seq2report-GPU-1-0.lock").write_bytes(b"")
    refused.side_effect = [FileNotFoundError, PermissionError]
    assert not devices.lock("GPU-1")


def test_a_file_system_without_locks_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(devices, "LOCKS", tmp_path)
    refused = OSError(errno.ENOSYS, "Function not implemented")
    monkeypatch.setattr("fcntl.flock", Mock(side_effect=refused))
    with pytest.raises(UserError, match=r"lock cannot be locked .Function not implemented"):
        devices.lock("GPU-1")
