"""The compliance log of a site, for whoever has to show it: found by the site's configuration, no daemon is needed."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from ccd.config.load import load
from ccd.io.compliance_export import DamagedLogError, Verified, export, verify
from ccd.io.compliance_log import FOLDER, file_name, files_of, log_files

__all__ = ["DamagedLogError", "export_log", "log_folder", "verified"]

ALWAYS = 1 << 52
"""After every moment that the log can have."""


def log_folder(config: Path) -> Path:
    """Where the log of the site is. Raises ConfigurationErrors."""
    loaded = load(config, time.time_ns() // 1_000, lambda text, language: "speech")
    return loaded.base / loaded.settings.folders.state / FOLDER


def export_log(folder: Path, campaign: str, begin: int, end: int, out: TextIO) -> int:
    """A campaign's lines of [begin, end) as CSV, `end` 0 for all; how many. Raises DamagedLogError, OSError."""
    return export(folder, begin, end or ALWAYS, out, (file_name(campaign),))


def verified(folder: Path, campaign: str) -> Iterator[tuple[str, Verified | DamagedLogError]]:
    """Each file of a campaign, or of all without a name, and whether it is as it was written. Raises OSError."""
    for file in files_of(folder, file_name(campaign)) if campaign else log_files(folder):
        try:
            yield file.name, verify(file)
        except DamagedLogError as error:
            yield file.name, error
