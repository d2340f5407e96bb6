"""Legs that a former driver had, as the book of legs has them; what became of each the next Status tells."""

from collections.abc import Iterable, Mapping

from ccd.model.command import Bridge, PauseRecording, ResumeRecording, StartRecording, StopRecording
from ccd.model.ids import LegId, unique_of
from ccd.model.standing import LegStanding
from ccd.switch.asterisk.join import Join
from ccd.switch.asterisk.leg import Leg, Place
from ccd.switch.asterisk.legs import Legs
from ccd.switch.asterisk.output import Output


def recall(output: Output, legs: Legs, boot: str, standings: Iterable[LegStanding]) -> None:
    """Before the first login. Legs of another boot are closed as soon as the switch tells its own."""
    legs.boot = boot
    known = {standing.leg: (standing, _leg(legs, standing)) for standing in standings}
    for standing, leg in known.values():
        for command in standing.due:
            if isinstance(command, Bridge) and command.other in known and leg.join is None:
                leg.owed.remove(command)
                Join(output, leg, known[command.other][1], is_recalled=True)
        _recall_monitor(standing, leg, known)


def _leg(legs: Legs, standing: LegStanding) -> Leg:
    unique, _, again = unique_of(standing.leg).partition("+")
    place: Place = "agi"
    if standing.is_joined:
        place = "bridged"
    elif standing.is_dialled and not standing.is_answered:
        place = "dialling"
    leg = legs.recall(standing.leg, unique, place, standing.is_answered, standing.endpoint, int(again or 0))
    leg.recall(standing)
    return leg


def _recall_monitor(standing: LegStanding, leg: Leg, known: Mapping[LegId, tuple[LegStanding, Leg]]) -> None:
    """The monitor is carried by the leg that the recorded one talks with, or is about to."""
    due = [c for c in standing.due if isinstance(c, StartRecording | PauseRecording | ResumeRecording | StopRecording)]
    recording = standing.recording or next((command.recording for command in due), None)
    if recording is None:
        return
    other = known.get(standing.bridged_with) if standing.bridged_with else None
    carrier = other[1] if other else leg.join.other if leg.join is not None and leg.join.leg is leg else None
    leg.monitor.recall(recording, standing.muted, standing.has_talked, carrier.unique if carrier else "", due)
    if carrier is not None:
        carrier.carries = leg.monitor
