"""Reads the recorded sessions in `transcripts/esl/`."""

from tests.transcript import FOLDER, records

NAMES = sorted(path.stem for path in (FOLDER / "esl").glob("*.txt"))


def received(name: str) -> bytes:
    """All that FreeSWITCH wrote."""
    return b"".join(record.data for record in records(f"esl/{name}") if record.direction == "S->C")


def sent(name: str) -> list[bytes]:
    """What the client wrote, as it wrote it at once."""
    return [record.data for record in records(f"esl/{name}") if record.direction == "C->S"]
