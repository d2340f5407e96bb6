"""A YAML document with the place of everything in it.

Our own reading of scalars: only plain `null`, `~`, `true` and `false` are more than text. So `+34912345678`, `0100`,
`22:30` and `on` stay what was written; a setting that wants a number reads it from the text. Tags are refused, aliases
are followed, sizes are bounded before anything is built.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ccd.config.problem import ConfigurationErrors, Place, Problem, expectation

SIZE_LIMIT = 1_000_000
"""Bytes of a file."""
NODE_LIMIT = 50_000
DEPTH_LIMIT = 30

CONSTANTS = {"null": None, "~": None, "": None, "true": True, "false": False}

Path_ = Sequence[str | int]


@dataclass
class Document:
    """`data` is made of dict (keys are text, in order), list, str, bool and None."""

    file: str
    root: yaml.Node | None = None
    data: Any = None
    problems: list[Problem] = field(default_factory=list)
    nodes: int = 0

    def place(self, path: Path_ = (), of_key: bool = False) -> Place:
        """Where the value at `path` stands, or its key; as near as there is something."""
        node, place = self.root, self.place_of(self.root)
        for part in path:
            below = child(node, part)
            if below is not None:
                key, node = below
                place = self.place_of(key if of_key and key is not None else node)
        return place

    def place_of(self, node: yaml.Node | None) -> Place:
        """Where a node begins."""
        return Place(self.file, node.start_mark.line + 1, node.start_mark.column + 1) if node else Place(self.file)

    def is_on_one_line(self, path: Path_) -> int | None:
        """For text on one line: how many characters stand before its first (a quote), else None."""
        node = self.root
        for part in path:
            below = child(node, part)
            node = below[1] if below else node
        if not isinstance(node, yaml.ScalarNode) or node.start_mark.line != node.end_mark.line:
            return None
        return 1 if node.style in ("'", '"') else 0

    def error(self, place: Place, message: str) -> None:
        """Note a mistake."""
        self.problems.append(Problem(place, message))


def child(node: yaml.Node | None, part: str | int) -> tuple[yaml.Node | None, yaml.Node] | None:
    """Key and value node of one step of a path, None where it leads nowhere."""
    if isinstance(node, yaml.MappingNode):
        return next((pair for pair in node.value if pair[0].value == str(part)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return None, node.value[part]
    return None


def read_file(path: Path) -> Document:
    """Read a file. Raises `ConfigurationErrors` where there is none or it is no YAML."""
    try:
        with path.open("rb") as file:
            raw = file.read(SIZE_LIMIT + 1)
    except OSError as error:
        raise ConfigurationErrors([Problem(Place(str(path)), f"cannot be read: {error.strerror}")]) from error
    return read(raw, str(path))


def read(raw: bytes, file: str) -> Document:
    """Read a document. Raises `ConfigurationErrors` for what is no YAML; other mistakes are in `Document.problems`."""
    document = Document(file)
    try:
        text = decoded(raw, file)
        refuse_oddities(text, file)
        document.root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise ConfigurationErrors([yaml_problem(error, file)]) from error
    if document.root is None:
        raise ConfigurationErrors([Problem(Place(file), "the file is empty")])
    document.data = convert(document, document.root, 0)
    return document


def decoded(raw: bytes, file: str) -> str:
    """The text of a file of bounded size."""
    if len(raw) > SIZE_LIMIT:
        raise ConfigurationErrors([Problem(Place(file), f"the file is longer than {SIZE_LIMIT:,} bytes")])
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - raw.rfind(b"\n", 0, error.start)
        raise ConfigurationErrors([Problem(Place(file, line, column), "not UTF-8")]) from error


def refuse_oddities(text: str, file: str) -> None:
    """Bound depth and size, and refuse tags and further documents, before the tree is built."""
    depth = documents = 0
    for number, event in enumerate(yaml.parse(text, Loader=yaml.CSafeLoader)):
        documents += isinstance(event, yaml.DocumentStartEvent)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        message = oddity(event, number, depth, documents)
        if message:
            mark = event.start_mark
            place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
            raise ConfigurationErrors([Problem(place, message)])


def oddity(event: yaml.Event, number: int, depth: int, documents: int) -> str:
    """What is refused about an event, empty if nothing."""
    if number > 2 * NODE_LIMIT:
        return f"the file holds more than {NODE_LIMIT:,} values"
    if depth > DEPTH_LIMIT:
        return f"nested deeper than {DEPTH_LIMIT} levels"
    if documents > 1:
        return "a second document begins" + expectation("one document a file")
    tag = getattr(event, "tag", None)
    if tag is not None:
        return f"the tag {str(tag)[:40]} is not understood here" + expectation("plain YAML without tags")
    return ""


def yaml_problem(error: yaml.YAMLError, file: str) -> Problem:
    """The parser's complaint with its place."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
    words = [getattr(error, name, None) for name in ("context", "problem", "reason")]
    return Problem(place, "not YAML: " + (", ".join(str(word) for word in words if word) or "cannot be parsed"))


def convert(document: Document, node: yaml.Node, depth: int) -> Any:
    """The node as plain data."""
    document.nodes += 1
    if document.nodes > NODE_LIMIT or depth > DEPTH_LIMIT:
        problem = Problem(
            document.place_of(node), f"aliases make more than {NODE_LIMIT:,} values or {DEPTH_LIMIT} levels"
        )
        raise ConfigurationErrors([problem])
    if isinstance(node, yaml.MappingNode):
        return {key: convert(document, value, depth + 1) for key, value in pairs(document, node)}
    if isinstance(node, yaml.SequenceNode):
        return [convert(document, item, depth + 1) for item in node.value]
    is_plain = isinstance(node, yaml.ScalarNode) and not node.style
    return CONSTANTS.get(node.value, node.value) if is_plain else node.value


def pairs(document: Document, node: yaml.MappingNode) -> Iterator[tuple[str, yaml.Node]]:
    """The pairs with keys as text; a key that comes twice is an error."""
    seen: dict[str, yaml.Node] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            document.error(document.place_of(key), "a key must be text" + expectation("a name"))
        elif key.value in seen:
            line = seen[key.value].start_mark.line + 1
            document.error(document.place_of(key), f"the key `{key.value[:60]}` is there already, in line {line}")
        else:
            seen[key.value] = key
            yield key.value, value
