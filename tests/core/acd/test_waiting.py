"""What a waiting caller hears, and how his stay ends."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from ccd.core.acd.waiting import MOST_PLACES, PLACE_KEPT
from ccd.core.configuration import Announcements
from ccd.core.floor import Outcome
from ccd.core.flow.interpreter import QueueEnded, Run
from ccd.core.flow.prompt import Prompt, Sound, Speech
from ccd.model import fact as f
from ccd.model.command import Bridge, Hold, Play, Ring, SetVariables
from ccd.model.event import (
    BridgeFailed,
    ConfigurationLoaded,
    LegArrived,
    LegRinging,
    LogOutRequested,
    PlayEnded,
    SwitchDown,
    SwitchUp,
)
from ccd.model.ids import SECOND, AgentId, QueueId, RequestId
from tests.core.centre import PBX, Centre, agent, configuration, flow, leg, prompt, queue
from tests.core.test_engine import Wait, centre

ANNA = agent("anna", sales=1)
TOLD = Announcements(
    first_after=10 * SECOND,
    every=30 * SECOND,
    position={"en": ("first", "second", "third or later"), "de": ("erster",)},
    expected_wait={"en": ("under a minute", "a minute", "long")},
    message=prompt("thanks"),
)


def waiting(**settings: Any) -> Centre:
    """A centre whose queue tells place and wait."""
    return centre(ANNA, queues=(queue("sales", announcements=TOLD, music="soft", **settings),))


def plays(c: Centre, unique: str = "1.1") -> list[Play]:
    """What a caller was played."""
    return [one for one in c.commands if isinstance(one, Play) and one.leg == leg(unique)]


def test_place_and_expected_wait_are_told_first_then_again_and_again() -> None:
    c = waiting()
    c.log_in("anna")
    c.phone("anna", "in_use")
    c.arrive("sales", "1.1", answered=True)
    assert Hold(leg("1.1"), "soft") in c.commands
    c.wait(10 * SECOND - 1)
    assert not plays(c)
    c.wait(1)
    assert [one.sounds for one in plays(c)] == [("first", "long", "thanks")]
    c.feed(PlayEnded(leg("1.1"), plays(c)[0].serial, "finished"), 1)
    assert c.commands[-1] == Hold(leg("1.1"), "soft")
    c.wait(30 * SECOND)
    assert len(plays(c)) == 2


def test_each_hears_his_own_place_and_the_last_entry_serves_all_behind() -> None:
    c = waiting()
    for n in range(1, 6):
        c.arrive("sales", f"1.{n}", answered=True)
    c.wait(10 * SECOND)
    heard = [plays(c, f"1.{n}")[0].sounds[0] for n in range(1, 6)]
    assert heard == ["first", "second", "third or later", "third or later", "third or later"]


def test_no_wait_is_told_while_nobody_is_logged_in() -> None:
    c = waiting()
    c.arrive("sales", answered=True)
    c.wait(10 * SECOND)
    assert plays(c)[0].sounds == ("first", "thanks")


def test_announcement_never_delays_a_bridge() -> None:
    c = waiting()
    c.arrive("sales", answered=True)
    c.wait(10 * SECOND)
    c.log_in("anna")
    ring = c.dialled()[0]
    assert Bridge(leg("1.1"), ring.leg) in c.answer(ring.leg).commands, "while it plays"


def test_nothing_is_announced_once_an_agent_has_answered() -> None:
    c = waiting()
    c.log_in("anna")
    c.arrive("sales", answered=True)
    c.wait(10 * SECOND - 1000)
    c.answer(c.dialled()[0].leg)
    said = len(plays(c))
    c.wait(1000)
    assert len(plays(c)) == said == 0
    c.feed(PlayEnded(leg("1.1"), 1, "stopped"), 1)
    assert not [one for one in c.commands[-1:] if isinstance(one, Hold)]


def test_the_end_of_an_earlier_prompt_starts_no_music() -> None:
    c = waiting()
    c.arrive("sales", answered=True)
    c.wait(10 * SECOND)
    assert c.feed(PlayEnded(leg("1.1"), plays(c)[0].serial - 1, "stopped"), 1).commands == ()


def test_place_is_written_onto_the_channel_for_whoever_takes_over() -> None:
    c = waiting()
    c.arrive("sales", answered=True)
    written = {name: value for one in c.commands if isinstance(one, SetVariables) for name, value in one.variables}
    assert written["CCD_QUEUE"] == "sales"
    assert written["CCD_STEP"] == "wait"
    assert written["CCD_SINCE"] == str(c.now)


def test_place_counts_from_the_first_queue() -> None:
    c = centre(ANNA)
    c.arrive("short")
    since = c.of(f.QueueEntered)[0].waiting_since
    c.wait(5 * SECOND)
    assert c.of(f.QueueLeft)[0].outcome == "overflowed"
    assert c.of(f.QueueLeft)[0].wait_time == 5 * SECOND
    assert since == c.now - 5 * SECOND


def test_a_limit_that_passed_while_a_bridge_was_under_way_holds_when_the_bridge_fails() -> None:
    c = centre(ANNA)
    c.log_in("anna")
    c.arrive("short")
    c.wait(5 * SECOND - 1000)
    ring = c.dialled()[0].leg
    c.answer(ring)
    c.wait(1000)
    assert not c.of(f.QueueLeft), "the agent has answered"
    c.feed(BridgeFailed(leg("1.1"), ring, "gone"), 1)
    assert [left.outcome for left in c.of(f.QueueLeft)] == ["overflowed"]


def test_who_is_not_answered_hears_ringing_and_no_announcement() -> None:
    c = waiting()
    c.arrive("sales", "1.1")
    assert c.commands.count(Ring(leg("1.1"))) == 1
    c.wait(60 * SECOND)
    assert not plays(c)
    assert not any(isinstance(one, Hold) for one in c.commands)


def test_who_is_offered_to_an_agent_at_once_hears_ringing_when_the_agents_phone_rings() -> None:
    c = waiting()
    c.log_in("anna")
    c.arrive("sales", "1.1")
    assert Ring(leg("1.1")) not in c.commands
    (dial,) = c.dialled()
    c.feed(LegRinging(dial.leg), 1)
    assert c.commands.count(Ring(leg("1.1"))) == 1


def lost_and_back(c: Centre, after: int) -> f.QueueEntered:
    """Somebody waits, is dropped by the switch, and calls again."""
    c.arrive("sales", "1.1", answered=True)
    c.wait(60 * SECOND)
    c.hung_up(leg("1.1"), 0, by="switch")
    c.wait(after)
    c.arrive("sales", "1.2", answered=True)
    entered: f.QueueEntered = c.of(f.QueueEntered)[-1]
    return entered


def test_who_was_dropped_by_the_switch_and_calls_again_has_his_old_place() -> None:
    c = waiting()
    entered = lost_and_back(c, 120 * SECOND)
    assert entered.waiting_since == c.of(f.QueueEntered)[0].waiting_since
    c.hung_up(leg("1.2"))
    c.arrive("sales", "1.3", answered=True)
    assert c.of(f.QueueEntered)[-1].waiting_since == c.now, "given once"


def test_a_place_is_not_kept_for_ever_nor_for_who_left_himself() -> None:
    c = waiting()
    assert lost_and_back(c, PLACE_KEPT + 1).waiting_since == c.now
    c.hung_up(leg("1.2"))
    c.arrive("sales", "1.3", answered=True)
    assert c.of(f.QueueEntered)[-1].waiting_since == c.now


def in_german(c: Centre, unique: str = "1.1") -> None:
    """The caller chose German."""
    call = next(call for call in c.engine.floor.calls.values() if call.leg == leg(unique))
    call.language = "de"


SPOKEN = replace(
    TOLD,
    expected_wait={"en": ("under a minute", "a minute", "long"), "de": ("kurz", "eine", "lang")},
    message=Prompt({"de": (Sound("danke"), Speech("{x}")), "en": (Sound("thanks"),)}),
)


@pytest.mark.parametrize(
    ("chosen", "of_flow", "sounds"),
    [
        ("", "", ("first", "long", "thanks")),
        ("de", "", ("erster", "lang", "danke")),
        ("", "de", ("erster", "lang", "danke")),
        ("en", "de", ("first", "long", "thanks")),
        ("fr", "", ("first", "long", "thanks")),
    ],
)
def test_it_is_told_in_the_callers_language_else_the_flows_else_the_sites(
    chosen: str, of_flow: str, sounds: tuple[str, ...]
) -> None:
    c = centre(ANNA, queues=(queue("sales", announcements=SPOKEN),))
    flows = {"sales": replace(c.configuration.flows["sales"], language=of_flow)}
    c.configurations["h2"] = replace(c.configuration, hash="h2", flows=flows)
    c.feed(ConfigurationLoaded("h2"))
    c.log_in("anna")
    c.phone("anna", "in_use")
    c.arrive("sales", answered=True)
    next(iter(c.engine.floor.calls.values())).language = chosen
    c.wait(10 * SECOND)
    assert plays(c)[0].sounds == sounds


def test_what_the_site_has_no_words_for_is_not_told() -> None:
    spare = Announcements(10 * SECOND, 30 * SECOND, {"de": ("erster",)}, {"de": ("kurz",)})
    c = centre(ANNA, queues=(queue("sales", announcements=spare),))
    c.log_in("anna")
    c.phone("anna", "in_use")
    c.arrive("sales", answered=True)
    c.wait(10 * SECOND)
    assert plays(c) == []
    in_german(c)
    c.wait(30 * SECOND)
    assert [one.sounds for one in plays(c)] == [("erster", "kurz")]


@pytest.mark.parametrize(
    ("talk_time", "place", "sound"),
    [(59, 1, "under a minute"), (60, 1, "a minute"), (119, 1, "a minute"), (120, 1, "long"), (30, 2, "a minute")],
)
def test_the_expected_wait_is_place_by_talk_time_in_whole_minutes(talk_time: int, place: int, sound: str) -> None:
    c = waiting()
    c.log_in("anna")
    c.phone("anna", "in_use")
    for n in range(1, place + 1):
        c.arrive("sales", f"1.{n}", answered=True)
    c.engine.floor.statistics.of(QueueId("sales")).talk_time = talk_time * SECOND
    c.wait(10 * SECOND)
    assert plays(c, f"1.{place}")[0].sounds[1] == sound


def test_each_announcement_has_a_number_of_its_own_and_its_end_starts_the_music_once() -> None:
    c = waiting()
    c.arrive("sales", answered=True)
    for length in (10, 30, 30):
        c.wait(length * SECOND)
        serial = plays(c)[-1].serial
        assert c.feed(PlayEnded(leg("1.1"), serial, "finished"), 1).commands == (Hold(leg("1.1"), "soft"),)
        assert c.feed(PlayEnded(leg("1.1"), serial, "finished"), 1).commands == ()
        c.now -= 2
    assert [one.serial for one in plays(c)] == [1, 2, 3]


def test_an_offer_refused_while_it_is_told_lets_it_be_told_to_its_end() -> None:
    c = waiting()
    c.arrive("sales", answered=True)
    c.wait(10 * SECOND)
    c.log_in("anna")
    said = c.hung_up(c.dialled()[0].leg, 17)
    assert not [one for one in said.commands if isinstance(one, Hold)]
    c.feed(PlayEnded(leg("1.1"), plays(c)[-1].serial, "finished"), 1)
    c.wait(5 * SECOND)
    said = c.hung_up(c.dialled()[1].leg, 17)
    assert Hold(leg("1.1"), "soft") in said.commands


def test_the_end_of_an_announcement_during_a_bridge_starts_no_music() -> None:
    c = waiting()
    c.arrive("sales", answered=True)
    c.wait(10 * SECOND)
    c.log_in("anna")
    c.answer(c.dialled()[0].leg)
    assert c.feed(PlayEnded(leg("1.1"), plays(c)[-1].serial, "finished"), 1) == Outcome((), ())


@dataclass(frozen=True)
class Twice(Wait):
    """After the longest wait the same queue again, without a limit."""

    def resume(self, run: Run, signal: Any) -> None:
        if isinstance(signal, QueueEnded):
            run.finish(signal.outcome, "again")


def test_the_timers_of_an_earlier_stay_do_not_end_a_later_one() -> None:
    flows = {"twice": flow("twice", wait=Twice(max_wait=5 * SECOND), again=Wait(max_wait=7 * SECOND))}
    c = Centre(configuration(flows, (queue("sales", announcements=replace(TOLD, first_after=6 * SECOND)),), ()))
    c.arrive("twice", answered=True)
    c.wait(5 * SECOND)
    assert [left.wait_time for left in c.of(f.QueueLeft)] == [5 * SECOND]
    c.wait(6 * SECOND - 1)
    assert plays(c) == []
    c.wait(1)
    assert len(plays(c)) == 1
    c.wait(SECOND)
    assert [left.wait_time for left in c.of(f.QueueLeft)] == [5 * SECOND, 7 * SECOND]
    first, second = c.of(f.QueueEntered)
    assert first.waiting_since == second.waiting_since


def test_a_caller_whose_leg_is_being_hung_up_is_offered_to_nobody_else() -> None:
    c = centre(ANNA, agent("bert", sales=1))
    c.log_in("anna")
    c.log_in("bert")
    c.arrive("short")
    c.wait(5 * SECOND)
    assert len(c.dialled()) == 1
    c.hung_up(c.dialled()[0].leg, 17)
    assert len(c.dialled()) == 1


def test_the_longest_wait_holds_to_the_microsecond_when_a_bridge_fails() -> None:
    for late, outcomes in ((0, ["overflowed"]), (1, ["overflowed"]), (-1, [])):
        c = centre(ANNA)
        c.log_in("anna")
        c.arrive("short")
        began = c.now
        ring = c.dialled()[0].leg
        c.now = began + 5 * SECOND - 10
        c.answer(ring)
        c.now = began + 5 * SECOND + late
        c.feed(BridgeFailed(leg("1.1"), ring, "gone"))
        assert [left.outcome for left in c.of(f.QueueLeft)] == outcomes


def test_only_the_queue_that_nobody_serves_is_left() -> None:
    flows = {
        name: flow(name, wait=Wait(queue=name, leave_at_no_agent=True), bye=Wait(queue=name))
        for name in ("sales", "vip")
    }
    c = Centre(configuration(flows, (queue("sales"), queue("vip")), (ANNA, agent("bert", vip=1))))
    for name in ("anna", "bert"):
        c.log_in(name)
        c.phone(name, "in_use")
    c.arrive("sales", "1.1")
    c.arrive("vip", "1.2")
    c.feed(LogOutRequested(RequestId("r"), "boss", AgentId("bert")))
    assert [(left.queue, left.outcome) for left in c.of(f.QueueLeft)] == [("vip", "no_agent")]


def dropped(c: Centre, unique: str, number: str) -> None:
    """The switch drops a caller who waits."""
    c.feed(LegArrived(leg(unique), dnis="sales", number=number, answered=True), 1)
    c.wait(SECOND)
    c.hung_up(leg(unique), 0, by="switch")


def test_a_place_is_kept_to_its_last_microsecond() -> None:
    for after, kept in ((PLACE_KEPT, True), (PLACE_KEPT + 1, False)):
        c = waiting()
        dropped(c, "1.1", "+341")
        c.now += after - 1
        c.feed(LegArrived(leg("1.2"), dnis="sales", number="+341", answered=True), 1)
        first, again = c.of(f.QueueEntered)
        assert again.waiting_since == (first.waiting_since if kept else c.now)


def test_of_more_places_than_are_kept_the_oldest_goes() -> None:
    c = waiting()
    floor = c.engine.floor
    dropped(c, "1.1", "+341")
    floor.lost_places = {"+341": (7, c.now), **{f"n{n}": (n, c.now) for n in range(2, MOST_PLACES + 1)}}
    dropped(c, "1.2", "+341")
    assert (len(floor.lost_places), list(floor.lost_places)[-1], floor.lost_places["+341"][0]) == (
        MOST_PLACES,
        "+341",
        7,
    )
    dropped(c, "1.3", "+342")
    assert (len(floor.lost_places), next(iter(floor.lost_places))) == (MOST_PLACES, "n3")


def test_of_a_caller_without_a_number_no_place_is_kept() -> None:
    c = waiting()
    dropped(c, "1.1", "")
    assert c.engine.floor.lost_places == {}


def test_who_is_matched_when_the_link_is_back_was_waiting() -> None:
    c = centre(ANNA)
    c.log_in("anna")
    c.feed(SwitchDown(PBX, "cut"))
    c.arrive("sales")
    c.feed(SwitchUp(PBX, "b1"), 1)
    assert [made.trigger for made in c.of(f.OfferMade)] == ["caller"]
    assert c.engine.floor.routing.in_order() == []


def test_an_announcement_that_is_due_at_once_comes_at_once() -> None:
    c = centre(ANNA, queues=(queue("sales", announcements=replace(TOLD, first_after=0)),))
    said = c.arrive("sales", answered=True)
    assert [one.sounds for one in said.commands if isinstance(one, Play)] == [("first", "thanks")]
