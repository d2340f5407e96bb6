"""A site's folder written for a test."""

from pathlib import Path

from ccd.config.load import Loaded, load
from ccd.config.problem import ConfigurationErrors
from ccd.model.ids import SECOND

NOW = 1_750_000_000 * SECOND

SITE = """\
switches: {pbx: {kind: asterisk, username: ccd, secret_env: CCD_AMI, recordings: /var/spool/ccd}}
numbers: {"+34910000001": main}
queues: {sales: {requires: {sales: 2}}}
agents: {ana: {name: Ana, number: "1001", skills: {sales: 2}}}
calendars: {office: {hours: {monday-friday: 09:00-18:00}}}
"""
FLOW = """\
flow: main
steps:
  hello: {play: {say: "Hello."}}
  wait: {queue: {queue: sales, max_wait: 2m}}
"""


def sound_name(text: str, language: str) -> str:
    """A name for a text's sound."""
    return f"{language}:{text}"


def written(folder: Path, site: str = SITE, **flows: str) -> Path:
    """The folder with `ccd.yaml` and flows in it."""
    (folder / "flows").mkdir()
    (folder / "ccd.yaml").write_text(site)
    for name, text in (flows or {"main": FLOW}).items():
        (folder / "flows" / f"{name}.yaml").write_text(text)
    return folder


def loaded(folder: Path, site: str = SITE, **flows: str) -> Loaded:
    """The folder's configuration."""
    return load(written(folder, site, **flows), NOW, sound_name)


def errors(folder: Path, site: str = SITE, **flows: str) -> list[str]:
    """What is wrong, with places inside the folder."""
    try:
        loaded(folder, site, **flows)
    except ConfigurationErrors as found:
        return [str(problem).removeprefix(f"{folder}/") for problem in found.problems]
    return []


def warnings(folder: Path, site: str = SITE, **flows: str) -> list[str]:
    """What is odd."""
    return [str(problem).removeprefix(f"{folder}/") for problem in loaded(folder, site, **flows).warnings]
