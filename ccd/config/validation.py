"""A document through a pydantic type; every error gets its place and says what was expected."""

import re
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ccd.config.document import Document
from ccd.config.problem import Place, expectation, listed, shown
from ccd.config.scope import Scope


def validate(adapter: TypeAdapter[Any], document: Document, scope: Scope) -> Any:
    """The document's value, None where it has errors; they are in `document.problems` then."""
    try:
        return adapter.validate_python(document.data, context=scope)
    except ValidationError as error:
        for found in error.errors(include_url=False):
            note(document, scope, found)
        return None


def note(document: Document, scope: Scope, found: Any) -> None:
    """One of pydantic's errors as ours."""
    path = tuple(found["loc"])
    of_key = path[-1:] == ("[key]",) or found["type"] == "extra_forbidden"
    path = path[:-1] if path[-1:] == ("[key]",) else path
    place = document.place(path, of_key)
    offset = found.get("ctx", {}).get("offset", -1)
    before = document.is_on_one_line(path) if offset >= 0 else None
    if before is not None:
        place = Place(place.file, place.line, place.column + before + offset)
    document.error(place, message_of(document, scope, found, path))


def message_of(document: Document, scope: Scope, found: Any, path: tuple[Any, ...]) -> str:
    """What is wrong, in our words."""
    value = shown(found["input"])
    match found["type"]:
        case "problem":
            return str(found["ctx"]["text"])
        case "missing":
            return f"`{path[-1]}` is missing"
        case "extra_forbidden":
            known = scope.keys.get(id(parent(document, path)), ())
            return f"unknown key {shown(str(path[-1]))}" + expectation(listed(known, 20), path[-1], known)
        case "literal_error":
            choices = re.findall(r"'([^']*)'", found["ctx"]["expected"])
            return f"{value} is not possible here" + expectation(f"one of {listed(choices)}", found["input"], choices)
        case "dict_type" | "model_type" | "model_attributes_type":
            return f"{value} is not possible here" + expectation("a mapping")
        case "list_type" | "tuple_type":
            return f"{value} is not possible here" + expectation("a list")
        case "too_short":
            return "there is nothing in it" + expectation("at least one entry")
    return f"{value}: {found['msg']}"


def parent(document: Document, path: tuple[Any, ...]) -> Any:
    """What the last part of the path is a key of."""
    data = document.data
    for part in path[:-1]:
        is_there = part in data if isinstance(data, dict) else isinstance(data, list) and part in range(len(data))
        data = data[part] if is_there else data
    return data
