"""Configurations beside the journal, each under its hash: what a replay of the day must decide by.

They are pickles: a flow is made of objects of the verbs' classes, and the same code that wrote them reads them (the
journal's segments name the version). The folder is the daemon's own; nothing from outside is ever read as one.
"""

import os
import pickle
from pathlib import Path

from ccd.core.configuration import Configuration

FOLDER = "configurations"
SUFFIX = ".pickle"


def keep(journal: Path, configuration: Configuration) -> None:
    """Write it, whole or not at all; one that is there already is the same."""
    place = journal / FOLDER / f"{configuration.hash}{SUFFIX}"
    if place.exists():
        return
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
    part = place.with_suffix(f".{os.getpid()}.part")
    part.write_bytes(pickle.dumps(configuration))
    part.replace(place)


def places(journal: Path) -> list[Path]:
    """Where they are, each under its hash."""
    return sorted((journal / FOLDER).glob(f"*{SUFFIX}"))


def read(journal: Path) -> dict[str, Configuration]:
    """All that this code can read, by hash. Raises OSError."""
    found = ((place.stem, of(place.read_bytes())) for place in places(journal))
    return {name: configuration for name, configuration in found if configuration is not None}


def of(content: bytes) -> Configuration | None:
    """The configuration of a file that `keep` wrote; None for one of other code, which whoever needs it misses."""
    try:
        found = pickle.loads(content)  # noqa: S301 - our own folder, see above
    except Exception:  # a pickle of other code fails in any way it likes
        return None
    return found if isinstance(found, Configuration) else None
