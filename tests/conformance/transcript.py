"""A scenario as text: what each person lived through, and what the centre has on record of it. No ids, no times."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec.structs import replace

from ccd.model.cdr import Cdr, Leg, Offer, Recording, Voicemail
from ccd.model.fact import AgentChanged
from ccd.model.ids import LegId, QueueId
from ccd.web.why import why
from tests.conformance.company import Member
from tests.conformance.diary import Appearance, told
from tests.conformance.stage import Result

TOKENS, SUPERVISOR = ("simulation", "lab"), "the supervisor"
IDLE = re.compile(r"(was idle (?:longer|shorter)): .* against .* of (\w+)\.")


def transcript(member: Member, diary: Mapping[str, Sequence[Appearance]], result: Result) -> str:
    """All of it."""
    lengths = {name: sound.seconds for name, sound in member.sounds.items()}
    parts: list[str] = []
    for name, appearances in diary.items():
        for appearance in appearances:
            parts += [name, *(f"  {line}" for line in told(appearance, lengths)), ""]
    for call in result.calls:
        parts += [*Record(member, call, result).lines(), ""]
    for name, changes in by_agent(result.changes, [call.call for call in result.calls]).items():
        parts += [f"state of {name}", *(f"  {change}" for change in changes), ""]
    for number, fields in result.records.items():
        shown = ", ".join(f"{key} {value}" for key, value in sorted(fields.items())) or "nothing"
        parts += [f"caller's record of {number}", f"  {shown}", ""]
    text = member.names.here("\n".join(parts).rstrip("\n") + "\n")
    either = member.scenario.either
    return re.sub(rf"\b({'|'.join(either)})\b", " or ".join(either), text) if either else text


def by_agent(changes: Iterable[AgentChanged], calls: Sequence[str]) -> dict[str, list[str]]:
    """`ready (log in)` and so on, by agent; a call's id as reason says nothing."""
    told: dict[str, list[str]] = {}
    for change in changes:
        reason = "" if change.reason in calls else change.reason
        told.setdefault(change.agent, []).append(change.new + (f": {reason}" if reason else ""))
    return dict(sorted(told.items()))


class Record:
    """The lines about one call record."""

    def __init__(self, member: Member, call: Cdr, result: Result) -> None:
        self._member = member
        self._call = call
        self._files = result.files

    def lines(self) -> list[str]:
        """In a fixed order."""
        call = self._call
        who = f"from {call.ani or 'nobody'}" + (f" {call.ani_name!r}" if call.ani_name else "")
        parts = [self._way(), self._visits(), self._offers(), self._dialled(), self._talks(), self._legs()]
        parts += [self._recordings(), self._messages(), [self._end()]]
        return [f"{call.direction} call {who} to {call.dnis}", *(f"  {line}" for part in parts for line in part)]

    def _way(self) -> list[str]:
        call = self._call
        told = [f"{step.step} ({step.verb}): {step.result}".rstrip(": ") for step in call.way]
        known = [f"caller is {'new' if call.created else 'known'}"] if call.caller else []
        return [*known, *([f"broken: {call.broken}"] if call.broken else []), *told]

    def _visits(self) -> list[str]:
        return [
            f"queue {visit.queue}: {visit.outcome}" + (", in the old place" if self._is_old(index) else "")
            for index, visit in enumerate(self._call.visits)
        ]

    def _is_old(self, index: int) -> bool:
        """Whether he waits since before he entered this queue."""
        visit = self._call.visits[index]
        return visit.waiting_since < visit.entered_at

    def _offers(self) -> Iterator[str]:
        for offer in self._call.offers:
            reason = reason_of(self._member, self._call, offer)
            cause = f", cause {offer.cause}" if offer.cause else ""
            yield f"offer to {offer.agent}: {offer.outcome}{cause}. {reason}"

    def _dialled(self) -> Iterator[str]:
        for leg in self._call.legs:
            if leg.why:
                yield f"dials {self._name(leg)}, as {leg.why}"
        for forbidden in self._call.forbidden:
            yield f"may not dial {forbidden.number or 'that'}: {forbidden.why}"

    def _talks(self) -> list[str]:
        names = {leg.leg: self._name(leg) for leg in self._call.legs}
        return [
            f"talk of {names[talk.leg]} with {names[talk.other]}"
            + (f", agent {talk.agent}" if talk.agent else "")
            + f", ended by {talk.ended_by}"
            for talk in self._call.talks
        ]

    def _legs(self) -> list[str]:
        expired = {offer.leg for offer in self._call.offers if offer.outcome == "expired"}
        return [f"leg of {self._name(leg)}: {self._end_of(leg, expired)}" for leg in self._call.legs]

    def _end_of(self, leg: Leg, expired: set[LegId]) -> str:
        """Switch and daemon count the same time of ringing: which of them is first is chance."""
        return "rang in vain" if leg.leg in expired else f"{leg.cause} by {leg.ended_by}"

    def _name(self, leg: Leg) -> str:
        """Whose leg it is."""
        people = self._member.scenario.people.values()
        first = self._call.legs[0].leg
        if leg.leg == first and self._call.direction == "inbound":
            return "the caller"
        if leg.leg == first:
            return "the phone"
        offer = next((offer for offer in self._call.offers if offer.leg == leg.leg), None)
        if offer is not None:
            return offer.agent
        number = leg.number or re.sub(r".*/", "", leg.endpoint)
        return next((person.name for person in people if number.endswith(self._member.number(person))), number)

    def _recordings(self) -> Iterator[str]:
        call = self._call
        for recording in call.recordings:
            parts = ", ".join(self._segments(recording)) or "nothing"
            yield f"recording ({recording.why or 'unknown'}): {parts}; ended by {self._by(recording.ended_by)}"
            if recording.lost:
                yield f"recording lost: {recording.lost}"
        if call.not_recorded:
            yield f"not recorded: {call.not_recorded}"

    def _segments(self, recording: Recording) -> Iterator[str]:
        found = self._files.recordings.get(recording.recording)
        for place, segment in enumerate(recording.segments):
            sound = found[place] if found is not None else "silence" if segment.muted else "sound"
            yield sound + (f" by {self._by(segment.by)}" if segment.by else "")

    def _by(self, name: str) -> str:
        """Who asked; whoever has the token is the supervisor."""
        return SUPERVISOR if name in TOKENS else name or "nobody"

    def _messages(self) -> Iterator[str]:
        for message in self._call.voicemails:
            yield f"message in {message.mailbox}: {self._message(message)}"

    def _message(self, message: Voicemail) -> str:
        return self._files.messages.get(message.name, "sound")

    def _end(self) -> str:
        return f"ended by {self._call.ended_by}, cause {self._call.cause}"


def reason_of(member: Member, call: Cdr, offer: Offer) -> str:
    """Why this agent, as `ccd why` tells it, with none but the scenario's agents looked at."""
    names = set(member.names.all_there(dict(member.scenario.sections["agents"])))
    explanation = offer.explanation
    if explanation is None:
        return ""
    candidates = tuple(one for one in explanation.candidates if one.agent in names)
    told = replace(call, offers=(replace(offer, explanation=replace(explanation, candidates=candidates)),))
    reason = why(told, requires(member)).offers[0].reason
    refused = [f"{one.agent}: {one.refusal}" for one in candidates if one.refusal]
    reason = IDLE.sub(r"\1 than \2.", reason)
    return reason + (f" ({'; '.join(refused)})" if refused else "")


def requires(member: Member) -> dict[QueueId, tuple[tuple[str, int], ...]]:
    """The skills of the scenario's queues, as the site has them."""
    queues = member.names.all_there(dict(member.scenario.sections["queues"]))
    return {
        QueueId(name): tuple((skill, int(level)) for skill, level in (queue.get("requires") or {}).items())
        for name, queue in queues.items()
    }
