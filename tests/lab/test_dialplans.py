"""The dialplans are found, whole."""

from ccd.lab import dialplans


def test_dialplan_and_flows_are_there() -> None:
    assert (dialplans.folder() / "asterisk/manager.conf").exists()
    flows = dialplans.flows()
    assert {"shop", "helpdesk", "hotline"} <= set(flows)
    assert all(text.strip() for text in flows.values())
