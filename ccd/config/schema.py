"""JSON Schema of flows and of `ccd.yaml`, for editors."""

from typing import Any, Literal

from ccd.config import flow, settings

SchemaName = Literal["flow", "settings"]
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema(name: SchemaName) -> dict[str, Any]:
    """The schema; names of steps, queues and flows are checked by `ccd check` only."""
    found = (flow.ADAPTER if name == "flow" else settings.ADAPTER).json_schema(by_alias=True)
    title = "ccd flow" if name == "flow" else "ccd.yaml"
    return {"$schema": DIALECT, **found, "title": title}
