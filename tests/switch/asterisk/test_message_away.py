"""A voicemail goes on while the link is away: its result is known by the leg, or told with what is known."""

from ccd.model.command import RecordMessage
from ccd.model.event import LegHungUp, MessageRecorded, SwitchDown, SwitchUp
from ccd.model.ids import SECOND, RecordingId
from tests.switch.asterisk.scripted import CALLER, Scripted, leg
from tests.switch.asterisk.test_recall import row

LEG = leg(CALLER)


def recording() -> Scripted:
    """A caller leaves a message, and the link is cut."""
    it = Scripted()
    it.log_in()
    it.arrive()
    it.do(RecordMessage(LEG, 3, "7-1", 60 * SECOND, 5 * SECOND))
    it.told()
    it.lose()
    return it


def of_the_leg(it: Scripted) -> list[object]:
    return [event for event in it.told() if not isinstance(event, SwitchDown | SwitchUp) and hasattr(event, "leg")]


def test_it_goes_on_and_ends_by_itself() -> None:
    it = recording()
    it.sent = []
    it.log_in(row())
    it.wait(SECOND)
    assert not [action for action in it.sent if action.name == "Redirect"], "nothing ends it"
    it.says("AsyncAGIExec", Uniqueid=CALLER, CommandId="any", Result="200%20result%3D0%20(timeout)%20endpos%3D16000")
    assert of_the_leg(it) == [MessageRecorded(LEG, 3, 2 * SECOND, "finished")]


def test_one_whose_caller_left_meanwhile_is_no_empty_one() -> None:
    it = recording()
    it.log_in()
    recorded, over = of_the_leg(it)
    assert isinstance(recorded, MessageRecorded)
    assert recorded.length > 0
    assert isinstance(over, LegHungUp)


def test_one_that_ended_in_the_silence_does_not_hold_the_caller_for_ever() -> None:
    it = recording()
    it.written[RecordingId("7-1")] = it.now
    it.log_in(row())
    it.wait(12 * SECOND)
    (recorded,) = of_the_leg(it)
    assert isinstance(recorded, MessageRecorded)
    assert recorded.length > 0
