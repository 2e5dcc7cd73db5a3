"""Files of the repository that the package reads: from the clone, or from copies in the wheel."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]  # of a clone
COPIES = Path(__file__).resolve().parents[1] / "shipped"  # pyproject.toml lists them


def shipped(name: str) -> Path:
    """Return the path of a file, named as in the repository (``config/config.yaml``)."""
    return (COPIES if COPIES.is_dir() else ROOT) / name
