"""The machine that figures are measured on, described without personal data."""

import os
import platform
from pathlib import Path


def machine() -> dict[str, str]:
    """Return processor, cores, memory and system; no name of the machine, no user, no paths."""
    processor = platform.processor()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        processor = names[0].split(":")[1].strip() if names else processor
    return {
        "processor": processor,
        "cores": str(os.cpu_count()),
        "memory": f"{memory_mb() / 1e3:.0f} GB",
        "system": f"{platform.system()} {platform.machine()}",
    }


def memory_mb() -> int:
    """Return the memory of this machine in MB."""
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e6)
