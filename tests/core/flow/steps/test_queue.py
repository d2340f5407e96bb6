"""`queue`."""

from dataclasses import replace

from ccd.core.configuration import RecordingPolicy
from ccd.core.flow.prompt import Prompt, Sound
from ccd.model.command import Answer, Hold, StartRecording
from ccd.model.fact import QueueEntered, QueueLeft, RecordingDeclined
from ccd.model.ids import SECOND, QueueId
from tests.core.centre import queue
from tests.core.flow.ivr import LEG, Ivr

FLOW = """
flow: f
steps:
  wait: {queue: {queue: sales, priority: 30s, max_wait: 1m, on: {overflowed: full, no_agent: nobody}}}
  after: {play: {say: after}}
  full: {play: {say: full}}
  nobody: {play: {say: nobody}}
"""
TOLD = RecordingPolicy("always", announcement=Prompt({"en": (Sound("recorded"),)}), opt_out_key="9")


def recorded(text: str, policy: RecordingPolicy = TOLD) -> Ivr:
    """The flow with a queue that tells its callers of the recording; somebody is logged in and busy."""
    return staffed(Ivr(text, queues={QueueId("sales"): replace(queue("sales"), recording=policy)}))


def staffed(ivr: Ivr) -> Ivr:
    """Ana is logged in, her phone in use."""
    ivr.log_in("ana")
    ivr.phone("ana", "in_use")
    return ivr


def talk(ivr: Ivr) -> Ivr:
    """Ana takes the call, talks, and hangs up."""
    ivr.phone("ana", "idle")
    other = ivr.dialled()[-1].leg
    ivr.answer(other)
    ivr.bridged(LEG, other)
    ivr.hung_up(other)
    ivr.returned(LEG)
    return ivr


def test_it_enters_with_its_head_start_and_overflows() -> None:
    ivr = staffed(Ivr(FLOW)).call()
    assert ivr.of(QueueEntered)[0].priority == 30 * SECOND
    assert isinstance(ivr.last(Hold), Hold)
    ivr.wait(60 * SECOND)
    assert ivr.way() == ["wait: overflowed"]
    assert ivr.at() == "full"


def test_nobody_logged_in_is_an_outcome_of_its_own() -> None:
    ivr = Ivr(FLOW).call()
    assert ivr.way() == ["wait: no_agent"]
    assert ivr.of(QueueLeft)[0].outcome == "no_agent"


def test_without_a_way_for_that_the_caller_waits() -> None:
    ivr = Ivr(FLOW.replace(", no_agent: nobody", "")).call()
    assert ivr.way() == []


def test_after_the_talk_the_call_is_over() -> None:
    ivr = talk(staffed(Ivr(FLOW)).call())
    assert ivr.way() == ["wait: answered"]
    assert ivr.is_over()


def test_after_the_talk_the_flow_goes_on_where_it_says_so() -> None:
    on = talk(staffed(Ivr(FLOW.replace("on: {", "on: {answered: after, "))).call())
    assert on.at() == "after"
    following = talk(staffed(Ivr(FLOW.replace("no_agent: nobody}}}", "no_agent: nobody}}, next: after}"))).call())
    assert following.at() == "after"


def test_the_recording_is_announced_once() -> None:
    ivr = recorded(FLOW).call()
    assert ivr.played() == [("recorded",)]
    assert ivr.of(QueueEntered) == []
    ivr.heard()
    assert len(ivr.of(QueueEntered)) == 1
    again = recorded(FLOW.replace("overflowed: full", "overflowed: wait")).call().heard()
    again.wait(60 * SECOND)
    assert (len(again.of(QueueEntered)), again.played()) == (2, [("recorded",)])


def test_nothing_is_announced_where_nobody_is_logged_in() -> None:
    ivr = Ivr(FLOW, queues={QueueId("sales"): replace(queue("sales"), recording=TOLD)}).call()
    assert ivr.way() == ["wait: no_agent"]
    assert ivr.played() == [("en:nobody",)]


def test_the_key_declines() -> None:
    ivr = recorded(FLOW).call().press("9")
    assert ivr.of(RecordingDeclined)[0].why == "caller declined"
    assert len(ivr.of(QueueEntered)) == 1
    assert ivr.stops() == 1


def test_another_key_does_not_cut_the_announcement() -> None:
    ivr = recorded(FLOW).call().press("1")
    assert (ivr.of(QueueEntered), ivr.stops()) == ([], 0)


def test_an_announcement_that_fails_does_not_keep_the_caller_out() -> None:
    assert len(recorded(FLOW).call().heard("failed").of(QueueEntered)) == 1


def test_what_is_never_recorded_is_not_announced() -> None:
    assert recorded(FLOW, replace(TOLD, mode="never")).call().played() == []
    off = FLOW.replace("steps:\n", "steps:\n  off: {set: {recording: never}}\n")
    assert recorded(off).call().played() == []
    on = FLOW.replace("steps:\n", "steps:\n  on: {set: {recording: always}}\n")
    assert recorded(on, replace(TOLD, mode="never")).call().played() == [("recorded",)]


def test_a_queue_that_is_gone_does_not_break_the_call() -> None:
    ivr = Ivr(FLOW, queues={}).call()
    assert ivr.way() == ["wait: no such queue"]
    assert ivr.at() == "nobody"


def test_the_call_may_stay_unanswered() -> None:
    ivr = staffed(Ivr(FLOW.replace("queue: sales,", "queue: sales, answer: false,"))).call()
    assert ivr.last(Answer) is None
    assert len(ivr.of(QueueEntered)) == 1


def test_the_key_that_declines_is_used_up_and_the_call_is_not_recorded() -> None:
    ivr = recorded(FLOW).call().press("9")
    (call,) = ivr.engine.floor.calls.values()
    assert call.digits == ""
    assert ivr.of(RecordingDeclined) == [RecordingDeclined(call.id, "caller declined")]
    ivr.phone("ana", "idle")
    assert ivr.last(StartRecording) is None


def test_without_a_key_to_decline_every_key_is_kept() -> None:
    ivr = recorded(FLOW, replace(TOLD, opt_out_key="")).call().press("9*#0")
    (call,) = ivr.engine.floor.calls.values()
    assert (ivr.of(QueueEntered), call.digits) == ([], "9*#0")


def test_keys_of_a_waiting_caller_are_kept_for_what_follows() -> None:
    ivr = staffed(Ivr(FLOW)).call().press("12")
    (call,) = ivr.engine.floor.calls.values()
    assert (call.digits, len(ivr.of(QueueEntered))) == ("12", 1)
    assert ivr.way() == []
