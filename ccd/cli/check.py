"""`ccd check`: is this configuration right?"""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from ccd.config.document import read_file
from ccd.config.flow import flow_name
from ccd.config.load import SETTINGS_FILE, load, load_flows
from ccd.config.problem import ConfigurationErrors, Problem
from ccd.config.schema import schema

Which = Literal["flow", "settings"]


def check(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="ccd.yaml, a folder with it, flows, or a folder of flows; else this one")
    ] = None,
    schema_of: Annotated[
        Which | None, typer.Option("--schema", help="print the JSON Schema of a flow or of ccd.yaml instead")
    ] = None,
) -> None:
    """Check configuration and flows; tell every mistake with file, line and column.

    Ends with 1 if there are errors; warnings do not count.
    """
    if schema_of is not None:
        typer.echo(json.dumps(schema(schema_of), indent=2, ensure_ascii=False))
        return
    problems = checked(paths or [Path()])
    for problem in problems:
        typer.echo(str(problem))
    errors = sum(problem.severity == "error" for problem in problems)
    typer.echo(f"{errors} errors, {len(problems) - errors} warnings", err=True)
    if errors:
        raise typer.Exit(1)


def checked(paths: Sequence[Path]) -> list[Problem]:
    """All problems of all that is named, sorted by place; flows are checked together, each site with its own."""
    problems: list[Problem] = []
    flows: list[Path] = []
    for path in paths:
        found = sorted(path.glob("*.y*ml")) if path.is_dir() and not (path / SETTINGS_FILE).is_file() else []
        try:
            if found or is_flow(path):
                flows += found or [path]
            else:
                problems += load(path, time.time_ns() // 1_000, lambda text, language: "speech").warnings
        except ConfigurationErrors as error:
            problems += error.problems
    try:
        problems += load_flows(flows, lambda text, language: "speech")[1] if flows else ()
    except ConfigurationErrors as error:
        problems += error.problems
    return sorted(set(problems))


def is_flow(path: Path) -> bool:
    """Whether a file is a flow; raises `ConfigurationErrors` where it is no YAML at all."""
    return not path.is_dir() and flow_name(read_file(path)) is not None
