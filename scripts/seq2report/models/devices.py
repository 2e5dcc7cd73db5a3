"""Choose the GPU of a training: one that a scheduler assigned, or a free one of this host.

CUDA reads CUDA_VISIBLE_DEVICES when TensorFlow is loaded. Call these functions before; they do not
load TensorFlow.
"""

import fcntl
import logging
import os
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from seq2report.core.command import UserError

VISIBLE = "CUDA_VISIBLE_DEVICES"
NO_DEVICE = "-1"  # hides all devices from CUDA
NAMES_NOTHING = ("", NO_DEVICE, "NoDevFiles")  # the last one is Slurm's
SECONDS = 10  # between two attempts to lock a device


class NoGpuError(Exception):
    """There is no GPU for this job; the message says where it was looked for."""


@dataclass(frozen=True)
class Device:
    """A GPU in the list of nvidia-smi."""

    index: str  # number on this host
    uuid: str  # name that is the same on every host and in every container
    memory_mb: int = 0  # used memory in MiB
    processes: int = 0  # number of processes that compute on it


def assigned(environ: Mapping[str, str]) -> list[str] | None:
    """Return the devices that the environment variables assign to this process.

    They are names for CUDA, numbers or UUIDs; an empty list if Slurm assigned no GPU to its job;
    None if no variable is set, so that every device of the host may be used.
    """
    for variable in (VISIBLE, "SLURM_JOB_GPUS"):
        if variable in environ:
            names = (name.strip() for name in environ[variable].split(","))
            # As in CUDA, the first name of no device ends the list.
            return list(takewhile(lambda name: name not in NAMES_NOTHING, names))
    return [] if "SLURM_JOB_ID" in environ else None


def parse_devices(devices: str, processes: str) -> list[Device]:
    """Return the devices in the output of nvidia-smi.

    It has one line per device (index, uuid, memory.used in MiB, not a number for some devices), and
    one line per process that computes (gpu_uuid, pid).
    """
    busy = [line.split(",")[0].strip() for line in processes.splitlines()]
    listed = []
    for line in devices.splitlines():
        index, uuid, memory = (field.strip() for field in line.split(","))
        used = int(memory) if memory.isdecimal() else 0
        listed.append(Device(index, uuid, used, busy.count(uuid)))
    return listed


def choices(names: list[str] | None, listed: list[Device]) -> list[tuple[str, Device]]:
    """Return the usable devices with their names for CUDA, the least used first.

    ``names`` are as `assigned` returns them; CUDA accepts the beginning of a UUID. A name that is
    not listed (a MIG partition, for example) counts as an idle device.
    """
    if names is None:
        usable = [(device.uuid, device) for device in listed]
    else:
        usable = [
            (name, next((d for d in listed if _is_named(d, name)), Device(name, name)))
            for name in names
        ]
    return sorted(usable, key=lambda choice: (choice[1].processes, choice[1].memory_mb))


def _is_named(device: Device, name: str) -> bool:
    return name == device.index or (not name.isdecimal() and device.uuid.startswith(name))


def take(seconds: float = SECONDS) -> None:
    """Make one device visible to CUDA; no other job that calls this uses it at the same time.

    A single assigned device is used without a lock: the scheduler keeps jobs apart. Otherwise this
    process locks an idle device until it ends; it waits if there is none.

    Raises:
        NoGpuError: no device is assigned, or none is listed.
    """
    names = assigned(os.environ)
    if names is not None and len(names) == 1:
        os.environ[VISIBLE] = names[0]
        return
    if names == []:
        value = os.environ.get(VISIBLE)
        reason = "Slurm assigned none" if value is None else f"{VISIBLE} is {value!r}"
        raise NoGpuError(f"none was given to this job ({reason})")
    while True:
        # Raises NoGpuError if nvidia-smi is absent or fails.
        listed = parse_devices(
            _nvidia_smi("--query-gpu=index,uuid,memory.used"),
            _nvidia_smi("--query-compute-apps=gpu_uuid,pid"),
        )
        usable = choices(names, listed)
        if not usable:
            raise NoGpuError("nvidia-smi lists none")
        for name, device in usable:
            if not device.processes and lock(device.uuid):
                os.environ[VISIBLE] = name
                logging.info("GPU %s of this host: %s", device.index, device.uuid)
                return
        logging.info("waiting for a GPU: all %d are taken", len(usable))
        time.sleep(seconds)


def _nvidia_smi(query: str) -> str:
    command = ["nvidia-smi", query, "--format=csv,noheader,nounits"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        raise NoGpuError("nvidia-smi, which lists them, is not installed") from None
    except subprocess.CalledProcessError as error:
        lines = (error.stdout + error.stderr).strip().splitlines()
        reason = lines[0] if lines else f"status {error.returncode}"
        raise NoGpuError(f"nvidia-smi failed: {reason}") from None


def lock(uuid: str) -> bool:
    """Lock a device until this process ends; return whether that succeeded.

    The lock is on a file in the folder for temporary files, which the jobs of a host share.
    """
    path = Path(tempfile.gettempdir()) / f"seq2report-{uuid.replace('/', '-')}.lock"
    try:  # reading suffices for a lock, and is allowed if the file belongs to another user
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CREAT, 0o644)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return False
    return True  # the file stays open: the lock ends with the process


def hide() -> None:
    """Hide all devices from CUDA."""
    os.environ[VISIBLE] = NO_DEVICE


def do_without(reason: str, absent: str) -> None:
    """Log the reason for a training on the CPU.

    Raises:
        UserError: if ``absent``, ``gpu_absent`` of the configuration, is error instead of cpu.
    """
    if absent == "error":
        raise UserError(
            f"gpu: found no GPU: {reason}; expected one because of 'gpu: 1'. Run this on a machine"
            " with a GPU, set 'gpu: 0' to train on the CPU, or set 'gpu_absent: cpu' to train on"
            " the CPU only if there is no GPU (docs/gpu.md)"
        )
    logging.warning("no GPU: %s; training on the CPU because of 'gpu_absent: cpu'", reason)
