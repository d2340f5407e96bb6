"""How FreeSWITCH 1.11 reads what a client sends: its mod_event_socket.c, switch_utils.c and originate, in short."""

from typing import NamedTuple


class Read(NamedTuple):
    """One command as FreeSWITCH's read_packet hands it on."""

    line: str
    headers: list[tuple[str, str]]
    body: str


def commands(data: bytes) -> list[Read]:
    """The commands in what was sent; raises AssertionError if the last one is not whole."""
    read: list[Read] = []
    data = data.lstrip(b"\r\n")
    while data:
        head, end, data = data.partition(b"\n\n")
        assert end, "half a command"
        assert b"\r" not in head, "CR cuts a line short"
        assert b"\0" not in head, "NUL cuts a command short"
        line, *lines = head.decode("utf-8", "surrogateescape").split("\n")
        headers: list[tuple[str, str]] = []
        body = b""
        for name, colon, value in (text.partition(":") for text in lines):
            assert colon, "a line that is no header"
            headers.append((name, value.lstrip(" ")))
            if name.lower() == "content-length":
                body, data = data[: int(value)], data[int(value) :]
                assert len(body) == int(value), "half a body"
                assert b"\0" not in body, "NUL cuts a body short"
        folded = head.decode("utf-8", "surrogateescape").lower()
        if "mod_event_socket" in folded and ("reload" in folded or "unload" in folded):
            line = "api bgapi reload mod_event_socket"
        read.append(Read(line, headers, body.decode("utf-8", "surrogateescape")))
        data = data.lstrip(b"\r\n")
    return read


def separated(text: str, delimiter: str, most: int) -> list[str]:
    """switch_separate_string: at a blank or another mark, quotes and backslashes heeded and taken off."""
    parts: list[str] = []
    at = 0
    while at < len(text) and len(parts) < most:
        began = at
        at = len(text) if len(parts) == most - 1 else _part_end(text, at, delimiter)
        parts.append(text[began:at])
        at += 1
        while delimiter == " " and text[at : at + 1] == " ":
            at += 1
    return [_cleaned(part, delimiter.strip()) for part in parts]


def _part_end(text: str, at: int, delimiter: str) -> int:
    while delimiter == " " and text[at : at + 1] == " ":
        at += 1
    is_quoted = False
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == "'" and (delimiter == " " or is_quoted or "'" in text[at + 1 :]):
            is_quoted = not is_quoted
        elif text[at] == delimiter and not is_quoted:
            return at
        at += 1
    return len(text)


def _cleaned(text: str, delimiter: str) -> str:
    named = {"n": "\n", "r": "\r", "t": "\t", "s": " "}
    text = text.lstrip(" ")
    cleaned = ""
    end: int | None = None
    at = 0
    is_quoted = False
    while at < len(text):
        mark, after = text[at], text[at + 1 : at + 2]
        if mark == "\\" and after and after in f"'\"\\{delimiter}nrts":
            cleaned += named.get(after, after)
            end = len(cleaned)
            at += 2
            continue
        if mark == "'" and (is_quoted or "'" in text[at + 1 :]):
            is_quoted = not is_quoted
            if is_quoted:
                end = len(cleaned)
        else:
            cleaned += mark
            if mark != " " or is_quoted:
                end = len(cleaned)
        at += 1
    return cleaned[:end]


def originated(argument: str) -> tuple[dict[str, str], list[str]]:
    """What originate makes of its argument: the variables of the braces, and its words, the first without braces."""
    dialled, *words = separated(argument, " ", 10)
    assert ":_:" not in dialled, "taken for several originates"
    variables: dict[str, str] = {}
    if dialled.startswith("{"):
        depth = at = 0
        while True:
            depth += {"{": 1, "}": -1}.get(dialled[at], 0)
            if not depth:
                break
            at += 1
        inside, dialled = dialled[1:at], dialled[at + 1 :]
        for pair in separated(inside, ",", 1024):
            name_and_value = separated(pair, "=", 2)
            if len(name_and_value) == 2:
                variables[name_and_value[0]] = name_and_value[1]
    return variables, [dialled, *words]
