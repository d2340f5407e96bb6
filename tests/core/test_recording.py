"""What is recorded: policy, the caller's word, requests, the agent's key, and failures."""

from typing import Any

import pytest

from ccd.core.configuration import RecordingPolicy
from ccd.core.floor import Outcome
from ccd.core.recording import draw
from ccd.model import command as c
from ccd.model import fact as f
from ccd.model.event import DigitPressed, RecordingChanged, RecordingFailed, RecordingRequested
from ccd.model.ids import CallId, LegId, RecordingId, RequestId
from tests.core.centre import Centre, agent, leg, queue
from tests.core.test_engine import centre, talk

CALLER = leg("1.1")


def recorded(mode: Any, **settings: Any) -> tuple[Centre, LegId]:
    """A talk in a queue with this policy; the agent's leg."""
    policy = RecordingPolicy(mode, **settings)
    one = centre(agent("anna", sales=1), queues=(queue("sales", recording=policy),))
    one.log_in("anna")
    return one, talk(one)


def commands(one: Centre, *kinds: type) -> list[Any]:
    """The recording commands so far."""
    kinds = kinds or (c.StartRecording, c.PauseRecording, c.ResumeRecording, c.StopRecording)
    return [command for command in one.commands if isinstance(command, kinds)]


def ask(one: Centre, action: Any) -> str:
    """A request's refusal."""
    call = one.of(f.CallStarted)[0].call
    said = one.feed(RecordingRequested(RequestId("r"), "boss", call, action), 1).commands
    return next(command.refusal for command in said if isinstance(command, c.Reply))


def key(one: Centre, other: LegId, keys: str) -> None:
    """The agent presses keys in the talk."""
    for digit in keys:
        one.feed(DigitPressed(other, digit), 1)


def test_always_is_started_before_the_bridge_and_ends_with_the_customers_leg() -> None:
    one, other = recorded("always")
    (start,) = commands(one)
    assert start == c.StartRecording(CALLER, RecordingId(f"{one.of(f.CallStarted)[0].call}-talk"), False)
    assert one.commands.index(start) < one.commands.index(c.Bridge(CALLER, other))
    began = one.of(f.RecordingBegan)
    assert [(fact.recording, fact.muted, fact.why) for fact in began] == [(start.recording, False, "always")]
    one.hung_up(CALLER)
    assert [fact.by for fact in one.of(f.RecordingEnded)] == ["hang-up"]


def test_never_says_why() -> None:
    one, _ = recorded("never")
    assert not commands(one)
    assert [fact.why for fact in one.of(f.RecordingDeclined)] == ["policy: never"]


@pytest.mark.parametrize(("share", "count"), [(0.0, 0), (1.0, 1)])
def test_a_share_of_all_or_none(share: float, count: int) -> None:
    one, _ = recorded("share", share=share)
    assert len(commands(one)) == count


def test_a_share_is_drawn_by_call_and_seed_and_comes_out_right() -> None:
    draws = [draw(7, CallId(str(n))) for n in range(5_000)]
    assert draws == [draw(7, CallId(str(n))) for n in range(5_000)]
    assert draws[:9] != [draw(8, CallId(str(n))) for n in range(9)]
    assert 0.27 < sum(one < 0.3 for one in draws) / 5_000 < 0.33


def test_on_demand_starts_muted_and_the_agents_key_starts_and_stops_it() -> None:
    one, other = recorded("on_demand")
    (start,) = commands(one)
    assert start.muted
    key(one, other, "*1")
    assert commands(one)[1:] == [c.ResumeRecording(CALLER, start.recording)]
    key(one, other, "*1")
    assert commands(one)[2:] == [c.StopRecording(CALLER, start.recording)]
    one.feed(RecordingChanged(CALLER, start.recording, "stopped"), 1)
    assert [fact.by for fact in one.of(f.RecordingEnded)] == ["anna"]


def test_agents_key_pauses_for_the_payment_and_resumes() -> None:
    one, other = recorded("always")
    key(one, other, "5*")
    assert len(commands(one)) == 1
    key(one, other, "2")
    key(one, other, "*2")
    assert [type(command) for command in commands(one)] == [c.StartRecording, c.PauseRecording, c.ResumeRecording]


def test_keys_of_the_customer_do_nothing() -> None:
    one, _ = recorded("always")
    key(one, CALLER, "*1*2")
    assert len(commands(one)) == 1


def test_what_the_switch_did_is_what_is_on_record() -> None:
    one, _ = recorded("always")
    assert ask(one, "pause") == ""
    assert not one.of(f.RecordingPaused)
    recording = commands(one)[0].recording
    one.feed(RecordingChanged(CALLER, recording, "paused"), 1)
    assert [fact.by for fact in one.of(f.RecordingPaused)] == ["boss"]
    assert ask(one, "resume") == ""
    one.feed(RecordingChanged(CALLER, recording, "recording"), 1)
    assert len(one.of(f.RecordingResumed)) == 1


@pytest.mark.parametrize(
    ("actions", "refusal"),
    [
        (["pause", "pause"], "the recording is paused already"),
        (["resume"], "the recording is running already"),
        (["stop", "pause"], "the recording has ended"),
    ],
)
def test_what_cannot_be_is_refused(actions: list[str], refusal: str) -> None:
    one, _ = recorded("always")
    assert [ask(one, action) for action in actions][-1] == refusal


def test_a_call_that_is_not_recorded_says_so() -> None:
    one, _ = recorded("never")
    assert ask(one, "pause") == "this call is not recorded"


def test_customer_gone_nothing_is_sent_to_his_leg() -> None:
    one, _ = recorded("always")
    one.hung_up(CALLER)
    assert ask(one, "stop") == "the recording has ended"
    assert len(commands(one)) == 1


def test_switch_that_cannot_record_is_an_alarm_and_the_call_goes_on() -> None:
    one = centre(agent("anna", sales=1), queues=(queue("sales", recording=RecordingPolicy("always")),))
    one.log_in("anna")
    one.arrive("sales")
    recording = commands(one)[0].recording
    one.feed(RecordingFailed(CALLER, recording, "no disk"), 1)
    ring = one.dialled()[0]
    assert c.Bridge(CALLER, ring.leg) in one.answer(ring.leg).commands
    one.bridged(CALLER, ring.leg)
    assert [fact.reason for fact in one.of(f.RecordingLost)] == ["no disk"]
    assert not one.of(f.RecordingBegan)
    assert len(commands(one)) == 1


def test_second_offer_does_not_start_a_second_recording() -> None:
    one = centre(queues=(queue("sales", recording=RecordingPolicy("always")),))
    one.log_in("anna")
    one.log_in("bert")
    one.arrive("sales")
    one.hung_up(one.dialled()[0].leg, 17)
    assert len(one.dialled()) == 2
    assert len(commands(one)) == 1


def test_recording_made_ready_for_a_caller_who_gives_up_is_no_loss() -> None:
    one = centre(agent("anna", sales=1), queues=(queue("sales", recording=RecordingPolicy("always")),))
    one.log_in("anna")
    one.arrive("sales", "1.1")
    started = next(command for command in one.commands if isinstance(command, c.StartRecording))
    one.feed(RecordingFailed(started.leg, started.recording, "the leg ended before it began"), 1)
    one.hung_up(leg("1.1"))
    assert not one.of(f.RecordingLost)
    assert not one.of(f.RecordingBegan)


def recording_id(one: Centre) -> RecordingId:
    """That of the call."""
    return RecordingId(f"{one.of(f.CallStarted)[0].call}-talk")


def test_what_is_not_recorded_is_told_once_with_its_call() -> None:
    one = centre(queues=(queue("sales", recording=RecordingPolicy("never")),))
    one.log_in("anna")
    one.log_in("bert")
    one.arrive("sales")
    one.hung_up(one.dialled()[0].leg, 17)
    assert len(one.dialled()) == 2
    assert one.of(f.RecordingDeclined) == [f.RecordingDeclined(one.of(f.CallStarted)[0].call, "policy: never")]


def test_a_share_is_drawn_by_the_calls_id_and_the_seed() -> None:
    call = recorded("share", share=0.5)[0].of(f.CallStarted)[0].call
    drawn = draw(7, call)
    for share, count in ((drawn, 0), (drawn + 1e-9, 1)):
        one, _ = recorded("share", share=share)
        assert len(commands(one)) == count
    (declined,) = recorded("share", share=0.25 if drawn > 0.25 else 0)[0].of(f.RecordingDeclined)
    assert declined.why == f"policy: a share of {0.25 if drawn > 0.25 else 0:g}, not drawn"


def test_draws_are_those_of_the_same_seed_and_call_on_any_machine() -> None:
    assert draw(7, CallId("c1")) == pytest.approx(0.8687736367927471)
    assert draw(8, CallId("c1")) != draw(7, CallId("c1")) != draw(7, CallId("c2"))


def test_the_agents_key_is_on_record_under_his_name() -> None:
    one, other = recorded("always")
    for keys, state in (("*2", "paused"), ("*2", "recording"), ("*1", "stopped")):
        key(one, other, keys)
        one.feed(RecordingChanged(CALLER, recording_id(one), state), 1)  # type: ignore[arg-type]
    call = one.of(f.CallStarted)[0].call
    assert [*one.of(f.RecordingPaused), *one.of(f.RecordingResumed), *one.of(f.RecordingEnded)] == [
        f.RecordingPaused(call, recording_id(one), "anna"),
        f.RecordingResumed(call, recording_id(one), "anna"),
        f.RecordingEnded(call, recording_id(one), "anna"),
    ]


def test_a_recording_that_fails_in_the_talk_is_a_loss_once_and_has_no_end() -> None:
    one, _ = recorded("always")
    for _ in range(2):
        one.feed(RecordingFailed(CALLER, recording_id(one), "disk full"), 1)
    assert one.of(f.RecordingLost) == [f.RecordingLost(one.of(f.CallStarted)[0].call, recording_id(one), "disk full")]
    assert ask(one, "pause") == "the recording has ended"
    one.hung_up(CALLER)
    assert one.of(f.RecordingEnded) == []


def test_a_failure_of_a_call_that_is_not_recorded_is_none() -> None:
    one, _ = recorded("never")
    assert one.feed(RecordingFailed(CALLER, recording_id(one), "x"), 1) == Outcome((), ())
    one.feed(RecordingChanged(CALLER, recording_id(one), "paused"), 1)
    assert [fact.by for fact in one.of(f.RecordingPaused)] == [""]


def test_on_demand_is_silent_until_the_key() -> None:
    one, other = recorded("on_demand")
    (start,) = commands(one)
    assert start == c.StartRecording(CALLER, recording_id(one), True)
    assert [(fact.muted, fact.why) for fact in one.of(f.RecordingBegan)] == [(True, "on_demand")]
    key(one, other, "*1")
    assert commands(one)[1:] == [c.ResumeRecording(CALLER, recording_id(one))]


def test_pause_and_resume_in_turn() -> None:
    one, _ = recorded("always")
    assert [ask(one, action) for action in ("pause", "resume", "resume", "pause", "pause")] == [
        "",
        "",
        "the recording is running already",
        "",
        "the recording is paused already",
    ]


def test_an_end_that_was_told_is_the_only_one() -> None:
    one, _ = recorded("always")
    ask(one, "stop")
    one.feed(RecordingChanged(CALLER, recording_id(one), "stopped"), 1)
    one.hung_up(CALLER)
    assert [fact.by for fact in one.of(f.RecordingEnded)] == ["boss"]


def test_a_key_with_others_before_it_is_the_key() -> None:
    one, other = recorded("always")
    key(one, other, "12345678*2")
    assert [type(command) for command in commands(one)] == [c.StartRecording, c.PauseRecording]
    key(one, other, "2")
    assert len(commands(one)) == 2


def test_who_leaves_while_the_recording_is_being_stopped_leaves_a_recording_that_has_ended() -> None:
    one, _ = recorded("always")
    assert ask(one, "stop") == ""
    one.feed(RecordingFailed(CALLER, commands(one)[0].recording, "the leg is over"))
    one.hung_up(CALLER)
    assert [fact.by for fact in one.of(f.RecordingEnded)] == ["boss"]
    assert not one.of(f.RecordingLost)
