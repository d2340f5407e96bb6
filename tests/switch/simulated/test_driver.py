"""The simulated switch does what the real ones were seen to do, right and wrong."""

from functools import partial
from random import Random

import pytest

from ccd.model import command as c
from ccd.model import event as e
from ccd.model.ids import SECOND, Endpoint, LegId, RecordingId, SwitchName
from ccd.switch.base import Driver
from ccd.switch.simulated.driver import SimulatedSwitch
from ccd.switch.simulated.people import (
    Alone,
    AnyAct,
    AnySight,
    Calls,
    HangsUp,
    Hears,
    HearsMusic,
    HearsRinging,
    Holds,
    Over,
    PhoneChanges,
    PicksUp,
    Presses,
    Refers,
    Rejects,
    Restarts,
    Talks,
)
from ccd.switch.simulated.settings import Rates, Settings
from tests.switch.simulated.bench import ANNA, Bench

RING = 15 * SECOND
PHONE = LegId("pbx/b1/ccd-1")
R = RecordingId("r")


def dial(bench: Bench, leg: LegId = PHONE, endpoint: Endpoint = ANNA) -> None:
    bench.perform(c.Dial(leg, endpoint, RING))


def talk(bench: Bench) -> LegId:
    """A caller and Anna."""
    leg = bench.arrive()
    bench.wait()
    dial(bench)
    bench.wait()
    bench.act(PicksUp(PHONE))
    bench.wait()
    bench.perform(c.Bridge(leg, PHONE))
    bench.wait()
    assert e.LegsBridged(leg, PHONE) in bench.events
    return leg


def of(events: list[e.SwitchEvent], kind: type) -> list[e.SwitchEvent]:
    return [event for event in events if isinstance(event, kind)]


def test_it_is_a_driver() -> None:
    driver: Driver[AnyAct, AnySight] = SimulatedSwitch(SwitchName("pbx"), Random(1))
    assert driver.take_cut() is None
    assert driver.deadline() is None


def test_a_talk_from_arrival_to_the_agents_hang_up() -> None:
    bench = Bench()
    leg = talk(bench)
    assert bench.sights[-2:] == [Talks(leg, PHONE), Talks(PHONE, leg)]
    bench.act(HangsUp(PHONE))
    came = bench.wait()
    assert e.LegHungUp(PHONE, 16, "far_end") in came
    assert e.LegReturned(leg) in came
    bench.perform(c.HangUp(leg))
    assert bench.wait() == [e.LegHungUp(leg, 16, "us")]
    states = [event.state for event in bench.events if isinstance(event, e.EndpointChanged)]
    assert states == ["idle", "ringing", "in_use", "idle"]


def test_commands_take_as_long_as_measured() -> None:
    bench = Bench()
    began = bench.now
    dial(bench)
    while not of(bench.events, e.LegRinging):
        bench.wait(100)
    assert 1_500 <= bench.now - began <= 4_000


@pytest.mark.parametrize(
    ("act", "cause", "sip_code"),
    [(Rejects(PHONE, 486), 17, 486), (Rejects(PHONE, 603), 21, 603), (Rejects(PHONE, 480), 18, 480)],
)
def test_a_refusal_has_its_cause(act: Rejects, cause: int, sip_code: int) -> None:
    bench = Bench()
    dial(bench)
    bench.wait()
    bench.act(act)
    assert e.LegHungUp(PHONE, cause, "far_end", sip_code) in bench.wait()


def test_nobody_answers() -> None:
    bench = Bench()
    dial(bench)
    assert e.LegHungUp(PHONE, 19, "switch") in bench.wait(RING + SECOND)


def test_a_phone_that_is_away_and_one_that_is_busy() -> None:
    bench = Bench()
    bench.act(PhoneChanges(ANNA, reachable=False))
    dial(bench)
    assert e.LegHungUp(PHONE, 20, "switch") in bench.wait()
    bench.act(PhoneChanges(ANNA, busy=True))
    second = LegId("pbx/b1/ccd-2")
    dial(bench, second)
    assert e.LegHungUp(second, 17, "far_end", 486) in bench.wait()


def test_a_prompt_ends_by_itself_by_a_key_or_by_the_next() -> None:
    bench = Bench()
    leg = bench.arrive()
    bench.perform(c.Answer(leg))
    assert e.LegAnswered(leg) in bench.wait()
    bench.perform(c.Play(leg, 1, ("a", "b")))
    assert Hears(leg, until_digit=False, sounds=("a", "b")) in bench.sights
    assert e.PlayEnded(leg, 1, "finished") in bench.wait(11 * SECOND)
    bench.perform(c.Play(leg, 2, ("a",), until_digit=True))
    bench.act(Presses(leg, "1"))
    assert bench.wait() == [e.DigitPressed(leg, "1"), e.PlayEnded(leg, 2, "digit")]
    bench.perform(c.Play(leg, 3, ("a",)))
    bench.perform(c.Hold(leg))
    assert bench.wait() == [e.PlayEnded(leg, 3, "stopped")]
    assert isinstance(bench.sights[-1], HearsMusic)


def test_a_message_has_a_length() -> None:
    bench = Bench()
    leg = bench.arrive()
    bench.perform(c.RecordMessage(leg, 1, "m", 60 * SECOND, 3 * SECOND))
    (ended,) = of(bench.wait(70 * SECOND), e.MessageRecorded)
    assert isinstance(ended, e.MessageRecorded)
    assert 3 * SECOND <= ended.length <= 60 * SECOND


def test_who_hangs_up_after_the_tone_has_left_a_message_as_long_as_he_spoke() -> None:
    for end, result in ((HangsUp, "hung_up"), (partial(Presses, digit="#"), "finished")):
        bench = Bench()
        leg = bench.arrive()
        bench.perform(c.RecordMessage(leg, 1, "m", 60 * SECOND, 3 * SECOND))
        bench.wait(2 * SECOND)
        bench.act(end(leg))
        assert e.MessageRecorded(leg, 1, 2 * SECOND, result) in bench.wait()  # type: ignore[arg-type]  # one of them


def test_a_phone_that_dials_hears_that_it_rings_a_caller_does_not() -> None:
    bench = Bench()
    bench.arrive()
    assert HearsRinging not in map(type, bench.sights)
    bench.act(Calls(PHONE, "*71", endpoint=ANNA))
    assert HearsRinging(PHONE) in bench.sights


def test_recordings() -> None:
    bench = Bench()
    leg = bench.arrive()
    for command in (
        c.StartRecording(leg, R),
        c.PauseRecording(leg, R),
        c.ResumeRecording(leg, R),
        c.StopRecording(leg, R),
    ):
        bench.perform(command)
        bench.wait()
    told = [event for event in bench.events if isinstance(event, e.RecordingStarted | e.RecordingChanged)]
    states = [event.state for event in told if isinstance(event, e.RecordingChanged)]
    assert isinstance(told[0], e.RecordingStarted)
    assert states == ["paused", "recording", "stopped"]


def test_a_phone_sends_its_customer_on() -> None:
    bench = Bench()
    leg = talk(bench)
    bench.act(Refers(PHONE, "1002"))
    came = bench.wait(SECOND // 4)
    assert e.LegReferred(leg, "1002") in came
    assert not of(came, e.LegHungUp), "it leaves when it is told how that went"
    assert e.LegHungUp(PHONE, 16, "far_end") in bench.wait()


def test_a_phone_holds_its_customer_and_they_stay_together() -> None:
    bench = Bench()
    leg = talk(bench)
    bench.act(Holds(PHONE, held=True))
    assert bench.sights[-2:] == [HearsMusic(leg), Alone(PHONE)]
    bench.act(Holds(PHONE, held=False))
    assert bench.sights[-2:] == [Talks(leg, PHONE), Talks(PHONE, leg)]
    assert bench.wait() == [e.LegHeld(PHONE, True), e.LegHeld(PHONE, False)]
    bench.act(HangsUp(leg))
    bench.act(Holds(leg, held=True))
    assert e.LegReturned(PHONE) in bench.wait()


def test_a_lost_phone_ends_its_talk_for_want_of_audio() -> None:
    bench = Bench()
    leg = talk(bench)
    bench.act(PhoneChanges(ANNA, reachable=False))
    assert not of(bench.wait(29 * SECOND), e.LegHungUp)
    assert of(bench.wait(2 * SECOND), e.LegHungUp) == [e.LegHungUp(PHONE, 38, "switch")]
    assert e.LegReturned(leg) in bench.events


# --- faults


def test_what_was_missed_while_the_link_was_down_is_told_when_it_is_back() -> None:
    bench = Bench()
    leg = talk(bench)
    assert bench.lose() == [e.SwitchDown(SwitchName("pbx"), "cut")]
    bench.act(HangsUp(PHONE))
    newcomer = bench.arrive("c2")
    assert bench.wait() == []
    came = bench.connect() + bench.wait()
    assert came[:2] == [
        e.EndpointChanged(SwitchName("pbx"), ANNA, "idle"),
        e.SwitchUp(SwitchName("pbx"), "b1"),
    ]
    assert e.LegHungUp(PHONE, 16, "far_end") in came
    assert e.LegReturned(leg) in came
    assert [event.leg for event in came if isinstance(event, e.LegArrived)] == [newcomer]


def test_commands_while_the_link_is_down_have_their_results_at_once_or_are_done_later() -> None:
    bench = Bench()
    leg = bench.arrive()
    bench.wait()
    bench.lose()
    assert bench.perform(c.Play(leg, 1, ("a",))) == [e.PlayEnded(leg, 1, "failed")]
    dial(bench)
    assert bench.events[-1] == e.LegHungUp(PHONE, 27, "switch")
    assert of(bench.perform(c.Bridge(leg, PHONE)), e.BridgeFailed)
    assert of(bench.perform(c.StartRecording(leg, R)), e.RecordingFailed)
    assert bench.perform(c.Answer(leg)) == []
    assert e.LegAnswered(leg) in bench.connect() + bench.wait()
    bench.lose()
    assert bench.perform(c.HangUp(leg)) == []
    assert e.LegHungUp(leg, 16, "us") in bench.connect() + bench.wait()


def test_a_restart_ends_every_leg_and_gives_a_new_boot() -> None:
    bench = Bench()
    leg = talk(bench)
    bench.act(Restarts())
    assert of(bench.events, e.SwitchDown)
    assert {sight.leg for sight in bench.sights if isinstance(sight, Over)} == {leg, PHONE}
    came = bench.connect()
    assert [event.leg for event in came[:2] if isinstance(event, e.LegHungUp)] == [leg, PHONE]
    assert came[-1] == e.SwitchUp(SwitchName("pbx"), "b2")
    dial(bench, LegId("pbx/b1/late"))
    assert e.LegHungUp(LegId("pbx/b1/late"), 41, "switch") in bench.events


def test_lost_answers_are_bounded_by_the_drivers_time_outs() -> None:
    bench = Bench(Settings(rates=Rates(lost_answer=1.0)))
    leg = bench.arrive()
    dial(bench)
    assert not of(bench.wait(RING), e.LegHungUp)
    assert of(bench.wait(6 * SECOND), e.LegHungUp) == [e.LegHungUp(PHONE, 41, "switch")]
    bench.perform(c.StartRecording(leg, R))
    assert e.RecordingFailed(leg, R, "no answer") in bench.wait(6 * SECOND)
    bench.perform(c.HangUp(leg))
    assert not bench.wait(SECOND // 2)
    assert e.LegHungUp(leg, 16, "us") in bench.wait(SECOND)
    assert not of(bench.events, e.LegRinging)
    assert bench.switch.faults == {"lost answer: Dial": 1, "lost answer: recording": 1, "lost answer: HangUp": 1}


def test_a_hang_up_that_crosses_a_bridge_leaves_one_result_and_no_ghost() -> None:
    results = set()
    for seed in range(30):
        bench = Bench(Settings(rates=Rates(crossing=1.0, ghost=0.5)), seed)
        leg = bench.arrive()
        dial(bench)
        bench.wait()
        bench.act(PicksUp(PHONE))
        bench.wait()
        bench.perform(c.Bridge(leg, PHONE))
        bench.wait(2 * SECOND)
        (result,) = of(bench.events, e.BridgeFailed) + of(bench.events, e.LegsBridged)
        results.add(type(result))
        assert len(of(bench.events, e.LegHungUp)) == 1
    assert results == {e.BridgeFailed, e.LegsBridged}


def test_events_of_two_legs_overtake_each_other_those_of_one_never() -> None:
    orders = set()
    for seed in range(20):
        bench = Bench(Settings(rates=Rates(reordered=0.5)), seed)
        leg = talk(bench)
        before = len(bench.events)
        bench.act(HangsUp(PHONE))
        bench.wait()
        orders.add(tuple(type(event) for event in bench.events[before:] if not isinstance(event, e.EndpointChanged)))
        assert bench.switch.faults["reordered"]
        assert leg
    assert orders == {(e.LegHungUp, e.LegReturned), (e.LegReturned, e.LegHungUp)}


def test_device_states_come_twice_and_late_but_in_order() -> None:
    bench = Bench(Settings(rates=Rates(duplicate_state=1.0, late_state=1.0)))
    dial(bench)
    bench.wait(100_000)
    bench.act(PicksUp(PHONE))
    bench.act(HangsUp(PHONE))
    bench.wait(10 * SECOND)
    states = [event.state for event in bench.events if isinstance(event, e.EndpointChanged)]
    assert states == ["idle", "ringing", "ringing", "in_use", "in_use", "idle", "idle"]
    assert bench.switch.faults == {"late state": 3, "duplicate state": 3}
