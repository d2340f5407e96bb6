"""The dialplan and the flows that come with ccd, in a source tree or in an installed wheel."""

from pathlib import Path


def folder() -> Path:
    """`dialplans`, with `asterisk` and `flows` in it. Raises FileNotFoundError where they were left out."""
    package = Path(__file__).resolve().parents[1]
    places = (package.parent / "dialplans", package / "dialplans")
    for place in places:
        if (place / "asterisk/ccd.conf").exists():
            return place
    raise FileNotFoundError(f"no dialplans in {' or '.join(str(place) for place in places)}")


def flows() -> dict[str, str]:
    """Each flow's text by its name."""
    return {path.stem: path.read_text() for path in sorted((folder() / "flows").glob("*.yaml"))}
