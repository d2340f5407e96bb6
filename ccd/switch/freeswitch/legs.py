"""The legs of one boot of the switch, and what the switch says about them."""

from collections.abc import Callable
from functools import partial

from ccd.model.event import HungUpBy, LegArrived, LegHungUp
from ccd.model.ids import Endpoint, LegId, Moment, leg_id
from ccd.switch.freeswitch.cause import UNSPECIFIED, q850
from ccd.switch.freeswitch.channel import Channel, variables_of
from ccd.switch.freeswitch.endpoint import Endpoints
from ccd.switch.freeswitch.job import Jobs
from ccd.switch.freeswitch.leg import Leg, Place
from ccd.switch.freeswitch.output import Output
from ccd.switch.freeswitch.text import KEYS, TEXT_LIMIT, is_uuid, number, shown, unique_for
from ccd.switch.state import engines
from ccd.wire.esl import Event

FROM_PHONE = "agent"
ROLES = ("caller", FROM_PHONE, "dialled", "talked")
LEFT = "left"
"""The role of a leg that no daemon cared for, and that the dialplan's fallback has."""
TEMPORARY_FAILURE = 41
NO_SUCCESS = 300
"""SIP codes from here on say why; 200 is said of every BYE."""


class Legs:
    """Addressed by uuid at the switch, by LegId at the engine."""

    def __init__(self, output: Output, endpoints: Endpoints) -> None:
        self.boot = ""
        self.jobs = Jobs(output)
        self._output = output
        self._endpoints = endpoints
        self._by_uuid: dict[str, Leg] = {}
        self._by_id: dict[LegId, Leg] = {}
        self._handed_back: dict[str, int] = {}
        self._over: dict[str, None] = {}
        self.handlers: dict[str, Callable[[Event], None]] = {
            "CHANNEL_CREATE": self._created,
            "CHANNEL_PROGRESS": self._rings,
            "CHANNEL_PROGRESS_MEDIA": self._rings,
            "CHANNEL_ANSWER": self._answered,
            "CHANNEL_PARK": self._parked,
            "CHANNEL_EXECUTE_COMPLETE": self._executed,
            "CHANNEL_BRIDGE": self._bridged,
            "CHANNEL_HOLD": partial(self._held, held=True),
            "CHANNEL_UNHOLD": partial(self._held, held=False),
            "CHANNEL_HANGUP": self._hangs_up,
            "CHANNEL_HANGUP_COMPLETE": self._hung_up,
            "DTMF": self._digit_pressed,
            "BACKGROUND_JOB": self._job_done,
        }

    def get(self, leg: LegId) -> Leg | None:
        """The leg, while it lives."""
        return self._by_id.get(leg)

    def known(self) -> list[Leg]:
        """All legs."""
        return list(self._by_uuid.values())

    def by_uuid(self, uuid: str) -> Leg | None:
        """The leg of a channel."""
        return self._by_uuid.get(uuid)

    def dial(self, leg: LegId, uuid: str) -> Leg:
        """A leg that is about to be dialled."""
        dialled = self._add(leg, uuid, "dialling", False)
        dialled.watch()
        return dialled

    def recall(self, name: LegId, uuid: str, place: Place, answered: bool, again: int) -> Leg:
        """A leg that a former driver had; `again` is how often it was handed back before."""
        if again:
            self._handed_back[uuid] = again
        return self._add(name, uuid, place, answered)

    def close(self, leg: Leg, cause: int, sip_code: int = 0, by: HungUpBy | None = None, at: Moment = 0) -> None:
        """The leg is over. Should its channel come again nevertheless, it is hung up."""
        self._remove(leg)
        self._is_over(leg.uuid)
        leg.close(cause, sip_code, by, at)

    def hand_back(self, leg: Leg) -> None:
        """The dialplan has the channel; if it brings it again that is another leg."""
        self._remove(leg)
        if len(self._handed_back) < self._output.settings.leg_limit:
            self._handed_back[leg.uuid] = self._handed_back.get(leg.uuid, 0) + 1
        leg.close(0, by="us")

    def left(self, leg: Leg) -> None:
        """The dialplan's fallback has the channel, and keeps it."""
        self._remove(leg)
        leg.is_gone()
        leg.close(0, by="switch")

    def restarted(self, boot: str) -> None:
        """The switch restarted: nothing of before lives, and it was last seen when its link was lost."""
        for leg in self.known():
            self.close(leg, 0, by="switch", at=self._output.sight.until)
        self._handed_back.clear()
        self._over.clear()
        self.boot = boot

    def arrive(self, event: Event, place: Place, channel: Channel | None = None) -> None:
        """A channel that came by itself, or one that was found after a login, as `channel`.

        Beyond the limit it is left to the dialplan's fallback.
        """
        uuid = event.uuid
        if uuid in self._over:
            self._output.api("uuid_kill", uuid)
            return
        if len(self._by_uuid) >= self._output.settings.leg_limit or not is_uuid(uuid):
            return
        found = variables_of(event)
        again, unique = self._handed_back.get(uuid, 0), unique_for(uuid)
        name = leg_id(self._output.settings.name, self.boot, f"{unique}+{again}" if again else unique)
        answered = event.get("Answer-State") == "answered"
        leg = self._add(name, uuid, place, answered)
        leg.variables.update(engines(found.items()))
        from_phone = found.get("CCD_ROLE") == FROM_PHONE and event.get("Call-Direction") != "outbound"
        dialled = found.get("CCD_DIALLED") if found.get("CCD_WAY") == "referred" else ""
        self._output.emit(
            LegArrived(
                leg=name,
                ani=shown(event.get("Caller-Caller-ID-Number")),
                ani_name=shown(event.get("Caller-Caller-ID-Name")),
                dnis=(dialled or found.get("CCD_DNIS", ""))[:TEXT_LIMIT],
                endpoint=self._endpoints.phone_of(event) if from_phone else Endpoint(""),
                answered=answered,
                variables=found if channel is not None else {},
                bridge=channel.bridge if channel is not None and place == "bridged" else "",
            )
        )
        leg.watch()
        leg.arrive(channel)

    def _add(self, name: LegId, uuid: str, place: Place, answered: bool) -> Leg:
        leg = Leg(self._output, name, uuid, place, answered)
        leg.on_gone = partial(self._gone, leg)
        self._by_uuid[uuid] = self._by_id[name] = leg
        return leg

    def _remove(self, leg: Leg) -> None:
        del self._by_uuid[leg.uuid], self._by_id[leg.id]
        self.jobs.dropped(leg)

    def _is_over(self, uuid: str) -> None:
        self._over[uuid] = None
        if len(self._over) > self._output.settings.leg_limit:
            del self._over[next(iter(self._over))]

    def _gone(self, leg: Leg, cause: int) -> None:
        if self._by_uuid.get(leg.uuid) is leg:
            self.close(leg, cause)

    def _seen(self, event: Event) -> Leg | None:
        self._endpoints.channel_seen(event)
        leg = self._by_uuid.get(event.uuid)
        if leg is not None:
            leg.is_seen()
        return leg

    def _created(self, event: Event) -> None:
        self._seen(event)

    def _rings(self, event: Event) -> None:
        if leg := self._seen(event):
            leg.rings()

    def _answered(self, event: Event) -> None:
        if leg := self._seen(event):
            leg.answered()

    def _parked(self, event: Event) -> None:
        leg = self._seen(event)
        if leg is not None:
            leg.parked(event)
        elif event.variable("CCD_ROLE") in ROLES:
            self.arrive(event, "parked")

    def _executed(self, event: Event) -> None:
        if leg := self._by_uuid.get(event.uuid):
            leg.executed(event)

    def _bridged(self, event: Event) -> None:
        """It appears on one leg only, and which one depends on the way they came together."""
        one = self._by_uuid.get(event.get("Bridge-A-Unique-ID"))
        other = self._by_uuid.get(event.get("Bridge-B-Unique-ID"))
        if one is not None and other is not None and one.join is not None and one.join is other.join:
            one.join.came_about()

    def _held(self, event: Event, held: bool) -> None:
        if leg := self._by_uuid.get(event.uuid):
            leg.held(held)

    def _digit_pressed(self, event: Event) -> None:
        leg, digit = self._by_uuid.get(event.uuid), event.get("DTMF-Digit")
        if leg is not None and len(digit) == 1 and digit in KEYS:
            leg.digit_pressed(digit)

    def _hangs_up(self, event: Event) -> None:
        leg = self._by_uuid.get(event.uuid)
        if leg is None:
            return
        leg.hangs_up(_by(event))
        partner = self._by_uuid.get(leg.partner)
        if partner is not None and partner.partner == leg.uuid:
            partner.is_left = True

    def _hung_up(self, event: Event) -> None:
        uuid = event.uuid
        self._endpoints.channel_gone(uuid)
        self._handed_back.pop(uuid, None)
        leg = self._by_uuid.get(uuid)
        if leg is None:
            self._is_over(uuid)  # its description, which comes by the other connection, may be behind
            return
        cause = q850(event.get("Hangup-Cause"))
        if leg.place == "dialling":
            cause = cause or UNSPECIFIED  # 0 says that nobody knows: of this one it is known that it failed
        leg.hangs_up(_by(event))
        status = number(event.variable("sip_term_status"))
        self.close(leg, cause, status if status >= NO_SUCCESS else 0)

    def _job_done(self, event: Event) -> None:
        leg = self.jobs.done(event.job_id)
        if leg is None or self._by_uuid.get(leg.uuid) is not leg:
            return
        verdict, _, what = event.body.strip().partition(" ")
        if verdict != "+OK":
            leg.dial_failed(q850(what) or UNSPECIFIED)
        elif what != leg.uuid:  # one of that uuid was there already: what was dialled is a stranger
            if is_uuid(what):
                self._output.api("uuid_kill", what)
            if leg.place == "dialling":
                self.close(leg, TEMPORARY_FAILURE, by="switch")


def refused(output: Output, leg: LegId, cause: int, by: HungUpBy = "us") -> None:
    """A leg that was not even dialled."""
    output.emit(LegHungUp(leg, cause, by))


def _by(event: Event) -> HungUpBy | None:
    """Who ended it, by SIP; not said of a channel that FreeSWITCH ended."""
    return "far_end" if event.variable("sip_hangup_disposition").startswith("recv_") else None
