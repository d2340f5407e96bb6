"""What a waiting caller hears, and how his stay ends."""

from typing import Any

from ccd.core.acd.waiting import PLACE_KEPT
from ccd.core.configuration import Announcements
from ccd.model import fact as f
from ccd.model.command import Bridge, Hold, Play, Ring, SetVariables
from ccd.model.event import BridgeFailed, LegRinging, PlayEnded
from ccd.model.ids import SECOND
from tests.core.centre import Centre, agent, leg, prompt, queue
from tests.core.test_engine import centre

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
