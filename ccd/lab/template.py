"""Configuration files as they lie in `templates/`, with `@{name}` where a value goes: `$` is the switches' own."""

import re
from collections.abc import Iterator, Mapping
from importlib import resources
from importlib.resources.abc import Traversable

_PLACE = re.compile(r"@\{([a-z_]+)\}")


def fill(text: str, values: Mapping[str, object]) -> str:
    """Every place with its value. Raises KeyError for a name that has none."""
    return _PLACE.sub(lambda place: str(values[place[1]]), text)


def read(folder: str) -> dict[str, str]:
    """The files below `templates/FOLDER`, by their path in there."""
    return dict(_files(resources.files("ccd.lab") / "templates" / folder, ""))


def _files(folder: Traversable, before: str) -> Iterator[tuple[str, str]]:
    for item in folder.iterdir():
        if item.is_dir():
            yield from _files(item, f"{before}{item.name}/")
        else:
            yield f"{before}{item.name}", item.read_text()
