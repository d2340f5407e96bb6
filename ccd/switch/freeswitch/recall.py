"""Legs that a former driver had, as the book of legs has them; what became of each the next look at the switch says."""

from collections.abc import Iterable

from ccd.model.command import Bridge, PauseRecording, ResumeRecording, StartRecording, StopRecording
from ccd.model.ids import unique_of
from ccd.model.standing import LegStanding
from ccd.switch.freeswitch.join import Join
from ccd.switch.freeswitch.leg import Leg, Place
from ccd.switch.freeswitch.legs import Legs
from ccd.switch.freeswitch.output import Output
from ccd.switch.freeswitch.text import uuid_of


def recall(output: Output, legs: Legs, boot: str, standings: Iterable[LegStanding]) -> None:
    """Before the first login. Legs of another boot are closed as soon as the switch tells its own."""
    legs.boot = boot
    known = {standing.leg: (standing, _leg(legs, standing)) for standing in standings}
    for standing, leg in known.values():
        for command in standing.due:
            if isinstance(command, Bridge) and command.other in known and leg.join is None:
                other = known[command.other][1]
                if other.join is None and other is not leg:
                    leg.owed.remove(command)
                    Join(output, leg, other, is_recalled=True)
        _recall_monitor(standing, leg)
        if standing.bridged_with in known:
            leg.partner = known[standing.bridged_with][1].uuid


def _leg(legs: Legs, standing: LegStanding) -> Leg:
    unique, _, again = unique_of(standing.leg).partition("+")
    place: Place = "parked"
    if standing.is_joined:
        place = "bridged"
    elif standing.is_dialled and not standing.is_answered:
        place = "dialling"
    leg = legs.recall(standing.leg, uuid_of(unique), place, standing.is_answered, int(again or 0))
    leg.recall(standing)
    return leg


def _recall_monitor(standing: LegStanding, leg: Leg) -> None:
    due = [c for c in standing.due if isinstance(c, StartRecording | PauseRecording | ResumeRecording | StopRecording)]
    recording = standing.recording or next((command.recording for command in due), None)
    if recording is not None:
        leg.monitor.recall(recording, standing.muted, standing.has_talked, due)
