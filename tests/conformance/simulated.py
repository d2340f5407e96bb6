"""Scenarios on the simulated switch, on virtual time: the engine, the configuration and the records' folds are real."""

import tempfile
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import yaml

from ccd.config.load import load
from ccd.core.view import agent_view, call_views
from ccd.io import numbering
from ccd.model import event as e
from ccd.model.ids import MILLISECOND, SECOND, AgentId, Endpoint, LegId, leg_id
from ccd.model.view import AgentView, CallView
from ccd.simulation.world import MORNING
from ccd.switch.simulated import people as p
from tests.conformance.company import Company, Member, company
from tests.conformance.director import Director
from tests.conformance.scenario import Person, Scenario
from tests.conformance.scripted_world import ScriptedWorld
from tests.conformance.simulated_side import REGION, SimulatedSide
from tests.conformance.stage import Disturbance, Files, Result, ScriptError
from tests.conformance.switch import SIMULATED
from tests.conformance.transcript import transcript

LONGEST_END = 60.0
AFTERWARDS = 2.0
"""Seconds after the last call, for wrap-up and what is written then."""
SOUNDS = Path("/sounds")
REQUESTS: dict[str, type[e.Request]] = {
    "logout": e.LogOutRequested,
    "unpause": e.UnpauseRequested,
    "end-wrap-up": e.EndWrapUpRequested,
}


class Simulated:
    """The common site of the scenarios, loaded once."""

    def __init__(self, scenarios: Sequence[Scenario]) -> None:
        self.company = company(scenarios, SOUNDS, SIMULATED, datetime.fromtimestamp(MORNING / SECOND, UTC).date())
        with tempfile.TemporaryDirectory() as folder:
            self._loaded = load(write(Path(folder), self.company), MORNING, lambda text, language: "speech")

    async def play_all(self, told: Callable[[Scenario, str | ScriptError], None]) -> None:
        """Every scenario that can be played here."""
        for member in self.company.members:
            if SIMULATED.name not in member.scenario.not_on:
                try:
                    told(member.scenario, await self.play(member))
                except ScriptError as error:
                    told(member.scenario, error)

    async def play(self, member: Member, seed: int = 1) -> str:
        """The scenario's transcript, in a world of its own. Raises ScriptError."""
        world = ScriptedWorld(self._loaded.configuration, self._loaded.pins, self.company.sounds, seed)
        stage = SimulatedStage(member, world)
        director = Director(member, stage)
        await director.play()
        result = await stage.end()
        director.notice()
        return transcript(member, director.diary, result)


def write(folder: Path, made: Company) -> Path:
    """The site's files."""
    switches = {"pbx": {"kind": "asterisk", "username": "ccd", "secret_file": "secret", "recordings": "/recordings"}}
    (folder / "ccd.yaml").write_text(yaml.safe_dump({"switches": switches, **made.settings}, sort_keys=False))
    (folder / "flows").mkdir()
    for name, text in made.flows.items():
        (folder / "flows" / f"{name}.yaml").write_text(text)
    return folder


class SimulatedStage:
    """A `Stage`."""

    def __init__(self, member: Member, world: ScriptedWorld) -> None:
        self._member = member
        self._world = world
        self._incoming: dict[str, list[SimulatedSide]] = {name: [] for name in member.scenario.people}
        self._voices: dict[LegId, str] = {}
        self._sounds = {sound.file: (sound.name, sound.seconds) for sound in member.sounds.values()}
        self._legs = 0
        world.rung = self._rung
        for person in member.scenario.people.values():
            if person.kind == "phone":
                world.act(p.PhoneChanges(self._endpoint(person)))
        world.take(world.switch.connected(world.now))

    # --- calls

    def place(self, person: Person, number: str, shown: Person | None) -> SimulatedSide:
        world = self._world
        self._legs += 1
        leg = leg_id(world.switch.name, world.switch.boot, f"c{self._legs}")
        self._voices[leg] = person.name
        side = world.sides[leg] = SimulatedSide(world, leg, self._voices, self._sounds)
        endpoint = self._endpoint(person) if person.kind == "phone" else Endpoint("")
        ani = self._member.number(shown) if shown else "anonymous"
        normal = numbering.normalise(number if endpoint else ani, REGION)
        world.act(p.Calls(leg, number, ani, self._name(shown), normal, endpoint))
        return side

    def _name(self, shown: Person | None) -> str:
        """What the switch makes of it."""
        if shown is None:
            return ""
        return shown.shown or (f"Phone {self._member.number(shown)}" if shown.kind == "phone" else "")

    def incoming(self, person: Person) -> Sequence[SimulatedSide]:
        return self._incoming[person.name]

    def _rung(self, sight: p.Rings) -> SimulatedSide | None:
        for person in self._member.scenario.people.values():
            if self._is_at(person, sight):
                name = f"{sight.shown_name!r} " if sight.shown_name else ""
                shown = f"{name}{sight.shown_number}"
                side = SimulatedSide(self._world, sight.leg, self._voices, self._sounds, shown)
                self._voices[sight.leg] = person.name
                self._incoming[person.name].append(side)
                return side
        return None

    def _is_at(self, person: Person, sight: p.Rings) -> bool:
        if sight.number:
            return person.kind == "outside" and sight.number.endswith(self._member.number(person))
        return person.kind == "phone" and sight.endpoint == self._endpoint(person)

    def _endpoint(self, person: Person) -> Endpoint:
        return Endpoint(SIMULATED.endpoint(f"PJSIP/{self._member.number(person)}"))

    # --- time

    async def until(self, ask: Callable[[], Awaitable[bool]], what: str, within: float = 20.0) -> None:
        world = self._world
        limit = world.now + int(within * SECOND)
        while not await ask():
            if world.now >= limit:
                raise ScriptError(f"no {what}")
            world.step(min(limit, world.now + 20 * MILLISECOND))

    async def passes(self, seconds: float) -> None:
        until = self._world.now + int(seconds * SECOND)
        while self._world.step(until):
            pass

    # --- the centre

    async def agent(self, person: Person) -> AgentView:
        view = agent_view(self._world.engine.floor, self._agent(person))
        assert view is not None
        return view

    def _agent(self, person: Person) -> AgentId:
        return AgentId(self._member.names.there(person.name))

    async def call(self, person: Person) -> CallView | None:
        views = call_views(self._world.engine.floor)
        return next((view for view in views if view.ani == self._member.number(person)), None)

    async def request(self, person: Person, action: str, reason: str = "") -> None:
        world = self._world
        refused: list[str] = []
        request = partial(world.request, refused=refused.append)
        if action == "login":
            request(e.LogInRequested, self._agent(person), self._endpoint(person))
        elif action == "pause":
            request(e.PauseRequested, self._agent(person), reason)
        elif action in REQUESTS:
            request(REQUESTS[action], self._agent(person))
        else:
            await self._supervise(person, action)
        await self.passes(0.01)
        if refused:
            raise ScriptError(refused[0])

    async def _supervise(self, person: Person, action: str) -> None:
        view = await self.call(person)
        if view is None:
            raise ScriptError("there is no call")
        if action == "hangup":
            self._world.request(e.HangUpRequested, view.id)
        else:
            self._world.request(e.RecordingRequested, view.id, action.removeprefix("recording/"))

    async def phone(self, person: Person, *, is_there: bool) -> None:
        self._world.act(p.PhoneChanges(self._endpoint(person), reachable=is_there))
        await self.passes(0.1)

    async def disturb(self, what: Disturbance) -> None:
        world = self._world
        match what:
            case "daemon dies":
                world.kill("between inputs")
            case "daemon returns":
                await self.until(self._is_settled, "daemon")
            case "link cut":
                world.take(world.switch.lost("cut", world.now))
            case "link joined":
                world.take(world.switch.connected(world.now))
            case "records lost" | "records found":
                world.has_records = what == "records found"
            case "switch restarts":
                world.act(p.Restarts())
                await self.passes(1.0)
                world.take(world.switch.connected(world.now))

    async def _is_settled(self) -> bool:
        return self._world.is_settled

    async def end(self) -> Result:
        world = self._world

        async def is_quiet() -> bool:
            return not world.engine.floor.calls and all(side.is_over for side in world.sides.values())

        await self.until(is_quiet, "end of all calls", LONGEST_END)
        await self.passes(AFTERWARDS)
        if world.violations:
            raise ScriptError(f"a rule was broken: {world.violations[0]}")
        records = {number: record.fields for number, record in world.records.items()}
        return Result(sorted(world.cdrs, key=lambda cdr: cdr.started_at), world.changes, records, Files())
