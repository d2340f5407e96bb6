"""The automaton lets good stories pass and stops at the first fault of bad ones."""

import pytest

from ccd.model.command import Answer, Bridge, Dial, HangUp, Play, StartRecording, SwitchCommand
from ccd.model.event import (
    BridgeFailed,
    DigitPressed,
    Event,
    LegAnswered,
    LegArrived,
    LegHungUp,
    LegReturned,
    LegRinging,
    LegsBridged,
    PlayEnded,
    RecordingFailed,
    RecordingStarted,
)
from ccd.model.ids import SECOND, Endpoint, LegId, RecordingId
from ccd.switch.grammar import Grammar, GrammarError

A, B, R = LegId("s/b/a"), LegId("s/b/b"), RecordingId("r")
DIAL = Dial(B, Endpoint("PJSIP/1"), SECOND)
Story = list[SwitchCommand | Event]
TALK: Story = [LegArrived(A), DIAL, LegRinging(B), LegAnswered(B), Bridge(A, B), LegsBridged(A, B)]


def tell(story: Story) -> None:
    grammar = Grammar()
    for line in story:
        if isinstance(line, Event):
            grammar.happened(line)
        else:
            grammar.performed(line)


@pytest.mark.parametrize(
    "story",
    [
        [*TALK, LegReturned(A), LegHungUp(B, 16), Play(A, 1, ("x",)), PlayEnded(A, 1, "finished"), LegHungUp(A, 16)],
        [LegArrived(A), Answer(A), LegAnswered(A), DigitPressed(A, "1"), HangUp(A), LegHungUp(A, 16, "us")],
        [LegArrived(A), Answer(A), LegHungUp(A, 16)],
        [DIAL, LegHungUp(B, 20, "switch")],
        [LegArrived(A), StartRecording(A, R), RecordingFailed(A, R, "x"), LegHungUp(A, 16)],
        [LegArrived(A), LegHungUp(A, 16), Play(A, 1, ("late",))],
        [LegArrived(A, variables={"CCD_CALL": "7"}), LegReturned(A), LegHungUp(A, 16)],
        [LegArrived(A), Bridge(A, B), BridgeFailed(A, B, "gone"), LegHungUp(A, 16)],
    ],
)
def test_good_stories(story: Story) -> None:
    tell(story)


@pytest.mark.parametrize(
    "story",
    [
        [LegHungUp(A, 16)],
        [LegArrived(A), LegArrived(A)],
        [LegArrived(A), LegHungUp(A, 16), LegHungUp(A, 16)],
        [LegArrived(A), LegHungUp(A, 16), DigitPressed(A, "1")],
        [LegArrived(A), LegHungUp(A, 16), LegArrived(A)],
        [DIAL, DIAL],
        [LegArrived(A), LegAnswered(A)],
        [DIAL, LegAnswered(B), LegAnswered(B)],
        [DIAL, LegAnswered(B), LegRinging(B)],
        [DIAL, LegRinging(B), LegRinging(B)],
        [LegArrived(A), LegReturned(A)],
        [LegArrived(A), PlayEnded(A, 1, "finished")],
        [LegArrived(A), Play(A, 1, ("x",)), PlayEnded(A, 2, "finished")],
        [LegArrived(A), Play(A, 1, ("x",)), PlayEnded(A, 1, "finished"), PlayEnded(A, 1, "stopped")],
        [LegArrived(A), Play(A, 1, ("x",)), LegHungUp(A, 16)],
        [LegArrived(A), LegsBridged(A, B)],
        [*TALK, BridgeFailed(A, B, "both")],
        [LegArrived(A), RecordingStarted(A, R)],
        [LegArrived(A), StartRecording(A, R), LegHungUp(A, 16)],
    ],
)
def test_bad_stories(story: Story) -> None:
    tell(story[:-1])
    with pytest.raises(GrammarError):
        tell(story)
