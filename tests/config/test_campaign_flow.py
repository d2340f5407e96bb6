"""The flow of a campaign: what it is made of, and a call's way through it."""

from pathlib import Path

from ccd.config.campaign_flow import flow_name
from ccd.config.way import endless, onward, onward_in_silence, reachable
from ccd.core.configuration import Campaign, NumberRoute
from ccd.model.command import Answer, BlockNumber, HangUp
from ccd.model.event import LegAnswered
from ccd.model.fact import QueueEntered
from ccd.model.ids import SECOND, CampaignId, QueueId
from tests.config.site import FLOW, errors, loaded
from tests.config.test_campaign import SMALLEST, site
from tests.core.centre import queue
from tests.core.flow.ivr import LEG, Ivr

OTHER = "flow: other\nsteps: {a: {hangup: }}\n"


def spring(folder: Path, *settings: str) -> Campaign:
    """The campaign as it is loaded."""
    found = loaded(folder, site(*SMALLEST, *settings))
    campaign = found.configuration.campaigns[CampaignId("spring")]
    assert found.configuration.flows["campaign/spring"] == campaign.flow
    return campaign


def answered(campaign: Campaign, *, staffed: bool = True) -> Ivr:
    """Somebody is in the campaign's flow; the only agent is busy, or nobody is there."""
    name = campaign.flow.name
    flows, numbers = {name: campaign.flow}, {name: NumberRoute(name)}
    ivr = Ivr(OTHER, flows=flows, numbers=numbers, queues={QueueId("sales"): queue("sales")})
    if staffed:
        ivr.log_in("ana")
        ivr.phone("ana", "in_use")
    return ivr.call()


def picked_up(ivr: Ivr) -> None:
    """A dialled call has been answered before it comes here; this one is when something is to be heard."""
    assert isinstance(ivr.last(Answer), Answer)
    ivr.feed(LegAnswered(LEG), 1)


def test_it_waits_before_all_others_for_as_long_as_the_law_lets_it(tmp_path: Path) -> None:
    ivr = answered(spring(tmp_path))
    assert ivr.of(QueueEntered)[0].priority == 3_600 * SECOND
    ivr.wait(2 * SECOND - 10)
    assert ivr.way() == []
    ivr.wait(10)
    assert ivr.way() == ["agent: overflowed"]
    assert ivr.at() == "message"


def test_who_hears_the_message_to_its_end_is_hung_up(tmp_path: Path) -> None:
    ivr = answered(spring(tmp_path), staffed=False)
    assert ivr.way() == ["agent: no_agent"]
    picked_up(ivr)
    assert ivr.played() == [("en:This was us.",)]
    ivr.heard().wait(3 * SECOND)
    assert ivr.way()[1:] == ["message: timeout", "end: normal"]
    assert ivr.is_over()
    assert ivr.last(BlockNumber) is None


def test_the_key_puts_the_number_on_the_list_and_says_so(tmp_path: Path) -> None:
    ivr = answered(spring(tmp_path, "do_not_call: [offers]"), staffed=False)
    picked_up(ivr)
    ivr.press("9")
    assert ivr.last(BlockNumber).list == "offers"
    assert ivr.played()[-1] == ("en:You will not be called again.",)
    ivr.heard()
    assert ivr.way()[1:] == ["message: key 9", "opt_out: blocked", "opted_out: finished", "end: normal"]


def test_another_key_begins_the_message_anew(tmp_path: Path) -> None:
    ivr = answered(spring(tmp_path), staffed=False)
    picked_up(ivr)
    ivr.press("1")
    assert ivr.played() == [("en:This was us.",)] * 2
    ivr.heard().press("9")
    assert ivr.last(BlockNumber).list == "global"


def test_settings_choose_the_key_the_list_and_what_is_said(tmp_path: Path) -> None:
    words = "opt_out_message: {say: Bye.}"
    campaign = spring(tmp_path, 'opt_out_key: "#"', "opt_out_list: global", "do_not_call: [offers]", words)
    ivr = answered(campaign, staffed=False)
    picked_up(ivr)
    ivr.press("#")
    assert ivr.last(BlockNumber).list == "global"
    assert ivr.played()[-1] == ("en:Bye.",)


def test_without_a_key_the_message_is_only_played(tmp_path: Path) -> None:
    campaign = spring(tmp_path, 'opt_out_key: ""')
    assert list(campaign.flow.steps) == ["agent", "message", "end"]
    ivr = answered(campaign, staffed=False)
    picked_up(ivr)
    ivr.heard()
    assert ivr.way() == ["agent: no_agent", "message: finished", "end: normal"]


def test_without_a_message_it_is_over(tmp_path: Path) -> None:
    found = loaded(tmp_path, site("queue: sales", "pacing: {algorithm: preview}"))
    ivr = answered(found.configuration.campaigns[CampaignId("spring")], staffed=False)
    assert ivr.way() == ["agent: no_agent", "end: normal"]
    assert isinstance(ivr.last(HangUp), HangUp)


def test_every_way_through_it_ends_and_every_step_is_reached(tmp_path: Path) -> None:
    for number, settings in enumerate(((), ('opt_out_key: ""',))):
        folder = tmp_path / str(number)
        folder.mkdir()
        flow = spring(folder, *settings).flow
        assert reachable(flow) == {*flow.steps, ""}
        assert endless(flow, onward) == endless(flow, onward_in_silence) == []


def test_its_version_changes_with_what_it_says(tmp_path: Path) -> None:
    versions = []
    for number, setting in enumerate(("rank: 1", "rank: 2", "opt_out_message: {say: Bye.}")):
        folder = tmp_path / str(number)
        folder.mkdir()
        versions.append(spring(folder, setting).flow.version)
    assert versions[0] == versions[1] != versions[2]


def test_no_flow_of_the_site_can_lead_to_it_or_be_it(tmp_path: Path) -> None:
    name = flow_name("spring")
    text = site(*SMALLEST).replace("main}", f"{name}}}")
    assert "there is no flow `campaign/spring`" in errors(tmp_path, text)[0]
    other = tmp_path / "other"
    other.mkdir()
    found = errors(other, site(*SMALLEST), main=FLOW.replace("main", name))
    assert any("`campaign/spring` does not fit" in said for said in found)
