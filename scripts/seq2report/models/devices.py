"""Which GPU a training takes: one that a scheduler gave, or a free one of this host.

CUDA reads CUDA_VISIBLE_DEVICES when TensorFlow is loaded: what is here has to be called before, and
loads nothing of it.
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
NO_DEVICE = "-1"  # what CUDA takes for none at all
NAMES_NOTHING = ("", NO_DEVICE, "NoDevFiles")  # the last one is Slurm's
SECONDS = 10  # between two looks at devices that are all taken


class NoGpuError(Exception):
    """There is no GPU for this job; the message says where one was looked for."""


@dataclass(frozen=True)
class Device:
    """A GPU as nvidia-smi lists it.

    Attributes:
        index: its number on this host.
        uuid: its name, which is the same wherever it is seen from.
        memory_mb: how much of its memory is used, in MiB.
        processes: how many processes compute on it.
    """

    index: str
    uuid: str
    memory_mb: int = 0
    processes: int = 0


def given(environ: Mapping[str, str]) -> list[str] | None:
    """Return the devices that a scheduler, or whoever started this, left for this process.

    Returns:
        Names as CUDA takes them, numbers or UUIDs; none where Slurm gave a job no GPU; None where
        nobody said anything, so that every device of the host may be taken.
    """
    for name in (VISIBLE, "SLURM_JOB_GPUS"):
        if name in environ:
            names = (each.strip() for each in environ[name].split(","))
            # As CUDA reads it: the first that names nothing ends the list.
            return list(takewhile(lambda each: each not in NAMES_NOTHING, names))
    return [] if "SLURM_JOB_ID" in environ else None


def parse_devices(devices: str, processes: str) -> list[Device]:
    """Return what nvidia-smi lists.

    Args:
        devices: a line a device: index, uuid, memory.used in MiB, which some devices do not tell.
        processes: a line a process that computes: gpu_uuid, pid.
    """
    busy = [line.split(",")[0].strip() for line in processes.splitlines()]
    found = []
    for line in devices.splitlines():
        index, uuid, memory = (field.strip() for field in line.split(","))
        used = int(memory) if memory.isdecimal() else 0
        found.append(Device(index, uuid, used, busy.count(uuid)))
    return found


def choices(names: list[str] | None, listed: list[Device]) -> list[tuple[str, Device]]:
    """Return which devices may be taken, each with its name for CUDA, the least used first.

    Args:
        names: as `given` returns them; a UUID may be cut short, as CUDA allows it.
        listed: devices of this host. One of ``names`` that is not among them (a part of a device,
            or none is listed) is taken for an idle one.
    """
    if names is None:
        found = [(device.uuid, device) for device in listed]
    else:
        found = [
            (name, next((d for d in listed if _is_named(d, name)), Device(name, name)))
            for name in names
        ]
    return sorted(found, key=lambda choice: (choice[1].processes, choice[1].memory_mb))


def _is_named(device: Device, name: str) -> bool:
    return name == device.index or (not name.isdecimal() and device.uuid.startswith(name))


def take(seconds: float = SECONDS) -> None:
    """Let CUDA see one device, which no other job that asks here has while this process lives.

    A single device that was given is taken as it is: then it is the scheduler that keeps jobs
    apart. Otherwise this process locks a device on which nothing computes, and waits until there
    is one.

    Args:
        seconds: how long to wait between two looks.

    Raises:
        NoGpuError: no device was given, or none is listed.
    """
    names = given(os.environ)
    if names is not None and len(names) == 1:
        os.environ[VISIBLE] = names[0]
        return
    if names == []:
        said = f"{VISIBLE} is {os.environ[VISIBLE]!r}" if VISIBLE in os.environ else "Slurm says so"
        raise NoGpuError(f"none was given to this job ({said})")
    while True:
        found = choices(names, list_devices())
        if not found:
            raise NoGpuError("nvidia-smi lists none")
        for name, device in found:
            if not device.processes and lock(device.uuid):
                os.environ[VISIBLE] = name
                logging.info("GPU %s of this host: %s", device.index, device.uuid)
                return
        logging.info("waiting for a GPU: all %d are taken", len(found))
        time.sleep(seconds)


def list_devices() -> list[Device]:
    """Return the devices that nvidia-smi lists.

    Raises:
        NoGpuError: there is no nvidia-smi, or it found no driver.
    """
    return parse_devices(
        _nvidia_smi("--query-gpu=index,uuid,memory.used"),
        _nvidia_smi("--query-compute-apps=gpu_uuid,pid"),
    )


def _nvidia_smi(query: str) -> str:
    command = ["nvidia-smi", query, "--format=csv,noheader,nounits"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        raise NoGpuError("nvidia-smi, which lists them, is not installed") from None
    except subprocess.CalledProcessError as error:
        said = (error.stdout + error.stderr).strip().splitlines()
        raise NoGpuError(
            f"nvidia-smi failed: {(said or [f'status {error.returncode}'])[0]}"
        ) from None


def lock(uuid: str) -> bool:
    """Say whether this process now has the lock of a device, which it keeps until it ends.

    The lock is on a file in the folder for temporary files, which the jobs of a host share.
    """
    path = Path(tempfile.gettempdir()) / f"seq2report-{uuid.replace('/', '-')}.lock"
    try:  # to read is enough for a lock, and allowed where the file is another user's
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CREAT, 0o644)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return False
    return True  # the file stays open: when the process ends, however it does, the lock goes


def hide() -> None:
    """Let CUDA see no device."""
    os.environ[VISIBLE] = NO_DEVICE


def do_without(reason: str, absent: str) -> None:
    """Go on without the GPU that was asked for, or end.

    Args:
        reason: why there is none.
        absent: ``gpu_absent`` of the configuration, ``cpu`` or ``error``.

    Raises:
        UserError: with ``error``.
    """
    if absent == "error":
        raise UserError(
            f"gpu: found no GPU: {reason}; expected one, as 'gpu: 1' asks for it. Run this where"
            " one is, with 'gpu: 0' to train on the CPU, or with 'gpu_absent: cpu' to train on the"
            " CPU only where there is none (docs/gpu.md)"
        )
    logging.warning("no GPU: %s; training on the CPU, as 'gpu_absent: cpu' says", reason)
