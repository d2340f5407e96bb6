"""Follows a script, line by line: does what it says somebody does, waits for what it says has happened."""

from collections.abc import Awaitable, Callable

from tests.conformance.company import Member
from tests.conformance.diary import Appearance
from tests.conformance.line import Line
from tests.conformance.scenario import Person
from tests.conformance.stage import Disturbance, ScriptError, Stage

HEARD_ENOUGH = 0.4
"""Seconds of a sound by which somebody knows it."""
STATES = {"logged out": "logged_out", "in wrap-up": "wrap_up"}
PHASES = {"waits": "waiting", "talks": "talking", "is dialled for": "dialling"}
RECORDINGS = {"recorded": "recording", "paused in the recording": "paused", "not recorded any more": "stopped"}
ACTIONS = {"logs_in": "login", "logs_out": "logout", "pauses": "pause", "unpauses": "unpause"}
DISTURBANCES: dict[str, Disturbance] = {
    "dies": "daemon dies",
    "returns": "daemon returns",
    "cut": "link cut",
    "joined": "link joined",
    "restarts": "switch restarts",
    "lost": "records lost",
    "found": "records found",
}


class Director:
    """One scenario on one stage. `diary` has the calls of each person, in order."""

    def __init__(self, member: Member, stage: Stage) -> None:
        self.diary: dict[str, list[Appearance]] = {name: [] for name in member.scenario.people}
        self._member = member
        self._stage = stage

    async def play(self) -> None:
        """From the first line to the last. Raises ScriptError with the line that could not be followed."""
        for line in self._member.scenario.script:
            try:
                await DOES[line.what](self, line)
            except ScriptError as error:
                where = f"{self._member.scenario.name}.yaml:{line.place.line}"
                raise ScriptError(f"{where}: {line.text}: {error}") from error

    def notice(self) -> None:
        """Take every call that reached a phone into the diary."""
        for person in self._member.scenario.people.values():
            known = self.diary[person.name]
            sides = [appearance.side for appearance in known]
            for side in self._stage.incoming(person):
                if side not in sides:
                    known.append(Appearance(side, f"rings, showing {side.shown}"))

    # --- who, and which call

    def _person(self, line: Line) -> Person:
        return self._member.scenario.people[line.who]

    def _current(self, line: Line) -> Appearance:
        """The call that he is in, or was in last."""
        self.notice()
        known = self.diary[line.who]
        living = [one for one in known if not one.side.is_over and not one.is_dead]
        if not known:
            raise ScriptError("there is no call")
        return (living or known)[-1]

    async def _rung(self, line: Line) -> Appearance:
        """His phone, once it rings."""

        async def rings() -> bool:
            self.notice()
            return self._ringing(line.who) is not None

        await self._stage.until(rings, "a phone that rings")
        found = self._ringing(line.who)
        assert found is not None
        return found

    def _ringing(self, who: str) -> Appearance | None:
        ringing = (one for one in self.diary[who] if one.side.is_incoming and one.side.answered_at is None)
        return next((one for one in ringing if not one.side.is_over), None)

    # --- calls

    async def calls(self, line: Line) -> None:
        people = self._member.scenario.people
        shown: Person | None = self._person(line)
        if line.words["shown"]:
            shown = people.get(line.words["shown"])
        side = self._stage.place(self._person(line), self._member.names.there(line.words["number"]), shown)
        self.diary[line.who].append(Appearance(side, line.text.partition(" ")[2]))

    async def presses(self, line: Line) -> None:
        call = self._current(line)
        call.act(f"presses {line.words['keys']}")
        call.side.press(self._member.names.there(line.words["keys"]))

    async def hears(self, line: Line) -> None:
        call, what = self._current(line), line.words["what"]
        since = call.acts[-1][0] if call.acts else 0.0
        enough = float(line.words["seconds"] or HEARD_ENOUGH)

        async def heard() -> bool:
            return sum(piece.seconds for piece in call.side.heard(since) if piece.what == what) >= enough

        await self._stage.until(heard, f"sound of {what}")

    async def rings(self, line: Line) -> None:
        await self._rung(line)

    async def answers(self, line: Line) -> None:
        call = await self._rung(line)
        call.act("answers")
        call.side.answer()

    async def refuses(self, line: Line) -> None:
        call = await self._rung(line)
        code = int(line.words["code"] or 603)
        call.side.refuse(code)
        call.act(f"refuses with {code}")
        call.has_left = True

    async def hangs_up(self, line: Line) -> None:
        call = self._current(line)
        if call.side.is_over:
            raise ScriptError("the call is over")
        call.act("hangs up")
        call.has_left = True
        call.side.hang_up()

    async def refers(self, line: Line) -> None:
        call = self._current(line)
        call.act(f"sends the caller to {line.words['number']}")
        call.has_left = True
        call.side.refer(self._member.names.there(line.words["number"]))

    async def holds(self, line: Line) -> None:
        call = self._current(line)
        call.act(f"{line.words['change']} the caller")
        call.side.hold(held=line.words["change"] == "holds")

    async def is_over(self, line: Line) -> None:
        call = self._current(line)

        async def over() -> bool:
            return call.side.is_over

        await self._stage.until(over, "end of the call")

    # --- what the centre thinks

    async def phase(self, line: Line) -> None:
        wanted = PHASES[line.words["phase"]]
        await self._shows(line, lambda call: call.phase, wanted)

    async def position(self, line: Line) -> None:
        await self._shows(line, lambda call: str(call.position), line.words["position"])

    async def at_step(self, line: Line) -> None:
        await self._shows(line, lambda call: call.step, line.words["step"])

    async def recording(self, line: Line) -> None:
        await self._shows(line, lambda call: call.recording_state, RECORDINGS[line.words["state"]])

    async def _shows(self, line: Line, value: Callable[..., str], wanted: str) -> None:
        async def shown() -> bool:
            call = await self._stage.call(self._person(line))
            return call is not None and self._member.names.here(value(call)) == wanted

        await self._stage.until(shown, f"call that shows {wanted}")

    async def state(self, line: Line) -> None:
        wanted = STATES.get(line.words["state"], line.words["state"])

        async def reached() -> bool:
            return (await self._stage.agent(self._person(line))).state == wanted

        await self._stage.until(reached, f"state {wanted}")

    async def asks(self, line: Line) -> None:
        """At the agent's screen."""
        action = ACTIONS.get(line.what, "end-wrap-up")
        await self._stage.request(self._person(line), action, line.words.get("reason", ""))

    async def supervises(self, line: Line) -> None:
        await self._stage.request(self._member.scenario.people[line.words["caller"]], "hangup")

    async def records(self, line: Line) -> None:
        person = self._member.scenario.people[line.words["caller"]]
        await self._stage.request(person, f"recording/{line.words['action']}")

    # --- what happens to the centre

    async def phone(self, line: Line) -> None:
        await self._stage.phone(self._person(line), is_there=line.words["change"] == "finds")

    async def disturb(self, line: Line) -> None:
        self.notice()
        if line.what == "restarts":
            for call in (call for calls in self.diary.values() for call in calls):
                call.is_dead = call.is_dead or not call.side.is_over
        await self._stage.disturb(DISTURBANCES[line.what])

    async def passes(self, line: Line) -> None:
        await self._stage.passes(float(line.words["seconds"]))


DOES: dict[str, Callable[[Director, Line], Awaitable[None]]] = {
    "calls": Director.calls,
    "presses": Director.presses,
    "hears": Director.hears,
    "rings": Director.rings,
    "answers": Director.answers,
    "refuses": Director.refuses,
    "hangs_up": Director.hangs_up,
    "refers": Director.refers,
    "holds": Director.holds,
    "is_over": Director.is_over,
    "phase": Director.phase,
    "position": Director.position,
    "at_step": Director.at_step,
    "recording": Director.recording,
    "logs_in": Director.asks,
    "logs_out": Director.asks,
    "pauses": Director.asks,
    "unpauses": Director.asks,
    "ends_wrap_up": Director.asks,
    "state": Director.state,
    "phone": Director.phone,
    "supervises": Director.supervises,
    "records": Director.records,
    "dies": Director.disturb,
    "returns": Director.disturb,
    "cut": Director.disturb,
    "joined": Director.disturb,
    "restarts": Director.disturb,
    "lost": Director.disturb,
    "found": Director.disturb,
    "passes": Director.passes,
}
