"""Choose the GPU of a training: one that a scheduler assigned, or a free one of this host.

CUDA reads CUDA_VISIBLE_DEVICES when TensorFlow is loaded. Call these functions before; they do not
load TensorFlow.
"""

import contextlib
import fcntl
import logging
import os
import re
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from seq2report.core.command import UserError

LOCKS = Path("/tmp")  # not TMPDIR, which schedulers set for each job
VISIBLE = "CUDA_VISIBLE_DEVICES"
NO_DEVICE = "-1"  # hides all devices from CUDA
NAMES_NOTHING = ("", NO_DEVICE, "NoDevFiles")  # the last one is Slurm's
SECONDS = 10  # between two attempts to lock a device
USABLE = 0.9  # share of a device's memory that its jobs divide; CUDA itself needs some per job
GPU = re.compile(r"GPU (\d+): ")  # lines of `nvidia-smi -L`: a GPU, and its partitions below it
PARTITION = re.compile(r"\s+MIG (?:\d+c\.)?\d+g\.(\d+)gb\S* .*\(UUID: (MIG-[^)]+)\)")


class NoGpuError(Exception):
    """There is no GPU for this job; the message says where it was looked for."""


@dataclass(frozen=True)
class Device:
    """A GPU, or a partition of one (MIG), in the list of nvidia-smi."""

    index: str  # number on this host; of a partition its UUID
    uuid: str  # name that is the same on every host and in every container
    memory_mb: int = 0  # used memory in MiB
    processes: int = 0  # number of processes that compute on it
    total_mb: int = 0  # memory in MiB; 0 if unknown


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


def parse_devices(devices: str, processes: str, names: str = "") -> list[Device]:
    """Return the devices in the output of nvidia-smi; partitions take the place of their GPU.

    Args:
        devices: one line per GPU (index, uuid, memory.used and memory.total in MiB, which are not
            numbers for some devices).
        processes: one line per process that computes (gpu_uuid, pid); those in a partition are not
            known.
        names: the lines of ``nvidia-smi -L``.
    """
    busy = [line.split(",")[0].strip() for line in processes.splitlines()]
    partitions = parse_partitions(names)
    listed = []
    for line in devices.splitlines():
        index, uuid, *memory = (field.strip() for field in line.split(","))
        used, total = (int(each) if each.isdecimal() else 0 for each in memory)
        whole = Device(index, uuid, used, busy.count(uuid), total)
        listed += partitions.get(index) or [whole]
    return listed


def parse_partitions(names: str) -> dict[str, list[Device]]:
    """Return the partitions in the lines of ``nvidia-smi -L``, by the number of their GPU."""
    partitions: dict[str, list[Device]] = {}
    index = ""
    for line in names.splitlines():
        if gpu := GPU.match(line):
            index = gpu[1]
        elif part := PARTITION.match(line):
            device = Device(part[2], part[2], total_mb=1024 * int(part[1]))
            partitions.setdefault(index, []).append(device)
    return partitions


def choices(names: list[str] | None, listed: list[Device]) -> list[tuple[str, Device]]:
    """Return the usable devices with their names for CUDA, the least used first.

    ``names`` are as `assigned` returns them; CUDA accepts the beginning of a UUID. A name that is
    not listed counts as an idle device.
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


def take(share: int = 1, seconds: float = SECONDS) -> int | None:
    """Make one device visible to CUDA, and return the limit of its memory for this job in MiB.

    At most ``share`` jobs that call this use a device at the same time; the limit is None for one
    job, or if the memory is unknown. A single assigned device is used without a lock by one job:
    the scheduler keeps jobs apart. Otherwise this process locks a device until it ends, an idle one
    if there is one; it waits if there is none with fewer jobs and processes than ``share``.

    Raises:
        NoGpuError: no device is assigned, or none is listed.
    """
    names = assigned(os.environ)
    if names is not None and len(names) == 1 and share == 1:
        os.environ[VISIBLE] = names[0]
        return None
    if names == []:
        value = os.environ.get(VISIBLE)
        reason = "Slurm assigned none" if value is None else f"{VISIBLE} is {value!r}"
        raise NoGpuError(f"none was given to this job ({reason})")
    while True:
        usable = choices(names, list_devices())
        if not usable:
            raise NoGpuError("nvidia-smi lists none")
        for slot in range(share):  # all devices once before one of them twice
            for name, device in usable:
                if device.processes < share and lock(device.uuid, slot):
                    os.environ[VISIBLE] = name
                    logging.info("GPU %s of this host: %s", device.index, device.uuid)
                    return int(USABLE * device.total_mb / share) or None if share > 1 else None
        logging.info("waiting for a GPU: all %d are taken", len(usable))
        time.sleep(seconds)


def list_devices() -> list[Device]:
    """Return the devices of this host.

    Raises:
        NoGpuError: nvidia-smi is absent or fails.
    """
    form = "--format=csv,noheader,nounits"
    return parse_devices(
        _nvidia_smi("--query-gpu=index,uuid,memory.used,memory.total", form),
        _nvidia_smi("--query-compute-apps=gpu_uuid,pid", form),
        _nvidia_smi("-L"),
    )


def available() -> bool:
    """Return whether a device is assigned to this process, or this host has one."""
    names = assigned(os.environ)
    if names is not None:
        return bool(names)
    try:
        return bool(list_devices())
    except NoGpuError:
        return False


def _nvidia_smi(*arguments: str) -> str:
    command = ["nvidia-smi", *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        raise NoGpuError("nvidia-smi, which lists them, is not installed") from None
    except subprocess.CalledProcessError as error:
        lines = (error.stdout + error.stderr).strip().splitlines()
        reason = lines[0] if lines else f"status {error.returncode}"
        raise NoGpuError(f"nvidia-smi failed: {reason}") from None


def lock(uuid: str, slot: int = 0) -> bool:
    """Lock one of the places on a device until this process ends; return whether that succeeded.

    The lock is on a file in a folder that the jobs of all users of a host share.

    Raises:
        UserError: the folder has no locks, or takes none, or somebody else's cannot be read.
    """
    path = LOCKS / f"seq2report-{uuid.replace('/', '-')}-{slot}.lock"
    try:  # reading suffices for a lock, and is allowed if the file belongs to another user
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        try:
            file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CREAT, 0o644)
        except OSError as error:
            if path.exists():  # another user has just made it: see fs.protected_regular of Linux
                return False
            raise _without_locks(path, error) from error
        with contextlib.suppress(PermissionError):  # as above
            os.fchmod(file, 0o644)  # whatever the umask of this user
    except PermissionError as error:
        raise UserError(
            f"{path}: found the lock of a GPU that other users cannot read (Permission denied), of"
            " an older version; ask its owner to delete it, or to run chmod 644 on it"
        ) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return False
    except OSError as error:
        raise _without_locks(path, error) from error
    return True  # the file stays open: the lock ends with the process


def _without_locks(path: Path, error: OSError) -> UserError:
    return UserError(
        f"{path} cannot be locked ({error.strerror}), and jobs share the GPUs of a machine by such"
        " locks; set CUDA_VISIBLE_DEVICES to one GPU, and 'gpu_share: 1'"
    )


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
