"""The JSON Schema for editors."""

from typing import Any

from ccd.config.schema import schema
from ccd.config.verb import VERBS


def test_the_schema_of_a_flow_knows_all_verbs() -> None:
    found = schema("flow")
    step = found["$defs"]["StepDocument"]
    assert set(step["properties"]) == {*VERBS, "next"}
    assert step["additionalProperties"] is False
    assert found["required"] == ["flow", "steps"]
    menu = found["$defs"]["Menu"]
    assert menu["required"] == ["prompt", "keys"]
    assert menu["properties"]["timeout"]["type"] == "string"
    assert menu["properties"]["timeout"]["description"] == "How long a key is waited for after the prompt."
    assert "else" in found["$defs"]["If"]["properties"]


def test_the_schema_of_the_settings_knows_all_sections() -> None:
    found = schema("settings")
    assert {"site", "switches", "queues", "agents", "calendars", "dial_policy"} <= set(found["properties"])
    assert found["required"] == ["switches"]


def test_the_schema_knows_both_ways_to_write_what_can_be_written_in_two() -> None:
    campaign = schema("settings")["$defs"]["CampaignSection"]
    assert campaign["required"] == ["queue"]
    numbers = campaign["properties"]["outbound_cli"]["anyOf"]
    assert [one["type"] for one in numbers] == ["string", "array"]
    *brief, whole = campaign["properties"]["retry"]["additionalProperties"]["anyOf"]
    assert {"const": "never"} in brief
    assert whole == {"$ref": "#/$defs/RetrySection"}


def test_every_reference_leads_somewhere() -> None:
    for found in (schema("flow"), schema("settings")):
        for reference in references(found):
            assert reference.removeprefix("#/$defs/") in found["$defs"]


def references(data: Any) -> list[str]:
    """Every `$ref` inside."""
    if isinstance(data, dict):
        own = [data["$ref"]] if isinstance(data.get("$ref"), str) else []
        return own + [reference for value in data.values() for reference in references(value)]
    return [reference for value in data for reference in references(value)] if isinstance(data, list) else []
