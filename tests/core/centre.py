"""A small centre for tests of the engine: configuration, engine, and a clock that is a number."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

from msgspec.msgpack import Decoder, encode

from ccd.core.call import Leg
from ccd.core.configuration import (
    AgentProfile,
    Configuration,
    FeatureCodes,
    NumberRoute,
    PhonePrompts,
    Queue,
    Site,
)
from ccd.core.dial_policy import DialPolicy, DialRule
from ccd.core.engine import Engine
from ccd.core.floor import Outcome
from ccd.core.flow.flow import Flow, Step
from ccd.core.flow.prompt import Prompt, Sound
from ccd.core.view import call_views
from ccd.model.command import AnyCommand, Dial
from ccd.model.event import (
    AnyEvent,
    EndpointChanged,
    LegAnswered,
    LegArrived,
    LegHungUp,
    LegReturned,
    LegsBridged,
    LogInRequested,
    SwitchUp,
    TimePassed,
)
from ccd.model.fact import AnyFact
from ccd.model.ids import SECOND, AgentId, Endpoint, LegId, QueueId, RequestId, SwitchName
from ccd.model.view import CallView

START = 1_750_000_000 * SECOND
PBX = SwitchName("pbx")
MANY = 50
READ_OUTCOME = Decoder(Outcome)
READ_CALLS = Decoder(tuple[CallView, ...])
READ_LEGS = Decoder(list[Leg])


def prompt(name: str) -> Prompt:
    """A prompt of one sound."""
    return Prompt({"en": (Sound(name),)})


PROMPTS = PhonePrompts(*(prompt(name) for name in ("number", "pin", "in", "out", "paused", "unpaused", "refused")))


def flow(name: str, **steps: Step) -> Flow:
    """A flow of the steps in the order given."""
    names = list(steps)
    return Flow(name, "1", names[0], steps, dict(pairwise(names)))


def agent(name: str, **skills: int) -> AgentProfile:
    """An agent whose phone is `PJSIP/<name>`."""
    return AgentProfile(AgentId(name), name.title(), str(1000 + len(name)), skills, Endpoint(f"PJSIP/{name}"))


def queue(name: str, **settings: Any) -> Queue:
    """A queue that requires the skill of its own name at level 1."""
    settings.setdefault("requires", ((name, 1),))
    return Queue(QueueId(name), name, **settings)


def configuration(
    flows: Mapping[str, Flow], queues: tuple[Queue, ...], agents: tuple[AgentProfile, ...], **settings: Any
) -> Configuration:
    """A configuration with one number per flow: `dnis` is the flow's name."""
    made = Configuration(
        hash="h1",
        site=Site(),
        numbers={name: NumberRoute(name) for name in flows},
        flows=flows,
        queues={q.id: q for q in queues},
        agents={a.id: a for a in agents},
        calendars={},
        dial_policy=DialPolicy((DialRule("all", "+34*", trunk=Endpoint("PJSIP/trunk"), outbound_cli="+34900"),)),
        feature_codes=FeatureCodes(),
        phone_prompts=PROMPTS,
    )
    return replace(made, **settings)


class Centre:
    """An engine with its switch up and its phones idle; every method returns what the engine said."""

    def __init__(self, config: Configuration) -> None:
        self.configuration = config
        self.configurations = {config.hash: config}
        self.engine = self.made_engine(config.hash)
        self.now = START
        self.commands: list[AnyCommand] = []
        self.facts: list[AnyFact] = []
        self.requests = 0
        self.feed(SwitchUp(PBX, "b1"))
        for profile in config.agents.values():
            self.phone(profile.id, "idle")

    def made_engine(self, first: str) -> Engine:
        """The engine to begin with."""
        return Engine(self.configurations, first, seed=7)

    def feed(self, event: AnyEvent, after: int = 0) -> Outcome:
        """Hand in one event, `after` microseconds from the last."""
        self.now += after
        outcome = self.engine.handle(event, self.now)
        check_types(self.engine, outcome)
        self.commands += outcome.commands
        self.facts += outcome.facts
        return outcome

    def wait(self, length: int) -> Outcome:
        """Nothing but time."""
        return self.feed(TimePassed(), length)

    def phone(self, agent_id: str, state: Any) -> Outcome:
        """The device state of an agent's phone."""
        return self.feed(EndpointChanged(PBX, Endpoint(f"PJSIP/{agent_id}"), state))

    def log_in(self, agent_id: str) -> Outcome:
        """Log an agent in at his phone."""
        self.requests += 1
        endpoint = Endpoint(f"PJSIP/{agent_id}")
        return self.feed(LogInRequested(RequestId(str(self.requests)), "test", AgentId(agent_id), endpoint), 1)

    def arrive(self, dnis: str, unique: str = "1.1", **more: Any) -> Outcome:
        """A caller."""
        return self.feed(LegArrived(leg(unique), ani="600", dnis=dnis, number="+34600", **more), 1)

    def dialled(self) -> list[Dial]:
        """Every `Dial` so far."""
        return [command for command in self.commands if isinstance(command, Dial)]

    def of(self, kind: type) -> list[Any]:
        """The facts of a kind so far."""
        return [fact for fact in self.facts if isinstance(fact, kind)]

    def answer(self, leg_id: LegId) -> Outcome:
        """The far end of a dialled leg answers, or our answer was carried out."""
        return self.feed(LegAnswered(leg_id), 1)

    def bridged(self, one: LegId, other: LegId) -> Outcome:
        """The switch joined them."""
        return self.feed(LegsBridged(one, other), 1)

    def hung_up(self, leg_id: LegId, cause: int = 16, **more: Any) -> Outcome:
        """A leg ended."""
        return self.feed(LegHungUp(leg_id, cause, **more), 1)

    def returned(self, leg_id: LegId) -> Outcome:
        """A leg left its bridge."""
        return self.feed(LegReturned(leg_id), 1)


def check_types(engine: Engine, outcome: Outcome) -> None:
    """What was said can be written and read again, and so can the calls as people see them, and their legs."""
    assert READ_OUTCOME.decode(encode(outcome)) == outcome
    views = call_views(engine.floor) if len(engine.floor.calls) < MANY else ()
    assert READ_CALLS.decode(encode(views)) == views
    legs = [known for view in views for known in map(engine.floor.legs.get, engine.floor.calls[view.id].legs)]
    assert READ_LEGS.decode(encode(legs)) == legs


def leg(unique: str) -> LegId:
    """A leg of the test's switch."""
    return LegId(f"pbx/b1/{unique}")
