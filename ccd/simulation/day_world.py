"""A day lived again under a policy: the same people, through the real engine and the simulated switch.

Callers enter at the moments they did, by the policy's own flow from the `queue` step on that let them in; who left had
that patience, who was served had at least as much, and beyond it what the day's others had (`survival`). Agents come,
go, pause and take their phones as they did; one whom that day's configuration had not is there as long as anybody was.
What the model leaves out: what a caller would do after a queue that ended
without an agent (he hangs up), and talks that a policy's better match would make shorter.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from random import Random
from typing import Any

from msgspec import Struct

from ccd.core.configuration import Configuration, NumberRoute, Queue
from ccd.core.flow.steps.queue import Queue as QueueStep
from ccd.core.network import NOBODY_SAID
from ccd.model import fact as f
from ccd.model.event import EndWrapUpRequested, PauseRequested, UnpauseRequested
from ccd.model.fact import AgentChanged, AnyFact
from ccd.model.ids import SECOND, AgentId, CallId, Endpoint, LegId, Length, Moment, QueueId, leg_id
from ccd.simulation.caller import Caller, Callers
from ccd.simulation.day import MISSED, Day, Habits, Visitor
from ccd.simulation.day import Worker as Observed
from ccd.simulation.figures import Figures
from ccd.simulation.profile import HOUR, Profile
from ccd.simulation.staff import BUSY, DECLINED, Staff, Worker
from ccd.simulation.survival import Survival
from ccd.simulation.world import World
from ccd.switch.simulated.people import Calls, PicksUp, Rejects, Rings

ENOUGH = 20
"""Offers from which on an agent's own habits are known; with fewer he is like all together."""
PICK_UP: Length = 2 * SECOND
"""Where nobody took an offer that day."""
TALK: Length = 180 * SECOND
"""Where nobody talked."""
MISSED_PAUSE: Length = 60 * SECOND
"""Where nobody was paused for missed offers."""
LONGEST_WAIT: Length = 2 * HOUR
"""Nobody waits longer, but who did: so that a queue which nobody serves is empty in the end."""


class Lived(Struct):
    """What became of one visitor: how long he waited, and with whom he talked, if he did."""

    waited: Length
    agent: AgentId


def comparable(configuration: Configuration, visitor: Visitor) -> bool:
    """Whether the policy has the step by which he came."""
    flow = configuration.flows.get(visitor.flow)
    step = flow.steps.get(visitor.step) if flow else None
    return isinstance(step, QueueStep) and QueueId(step.queue) in configuration.queues


def modelled(configuration: Configuration, visitors: Sequence[Visitor]) -> Configuration:
    """The policy with a number for each way in, which leads straight to the queue. Nobody is told of a recording again:
    that was before he entered. All are on one switch.
    """
    ways = {way_in(visitor): visitor for visitor in visitors}
    flows, numbers = dict(configuration.flows), {}
    for name, visitor in ways.items():
        flows[name] = replace(configuration.flows[visitor.flow], name=name, start=visitor.step)
        numbers[name] = NumberRoute(name)
    queues = {name: untold(queue) for name, queue in configuration.queues.items()}
    return replace(configuration, flows=flows, numbers=numbers, queues=queues, network=NOBODY_SAID)


def way_in(visitor: Visitor) -> str:
    """The number, and the flow, of those who came in by this step."""
    return f"{visitor.flow}/{visitor.step}"


def untold(queue: Queue) -> Queue:
    """Without the announcement of its recording."""
    return replace(queue, recording=replace(queue.recording, announcement=None))


class DayWorld(World):
    """The day's people under a configuration; `seed` draws what the day did not show. `lived` is by call of the day.

    `visitors` where not all who can come do, so that two policies have the same.
    """

    def __init__(
        self, configuration: Configuration, day: Day, seed: int, visitors: Sequence[Visitor] | None = None
    ) -> None:
        self.day = day
        there = list(day.visitors.values()) if visitors is None else visitors
        self.visitors = [one for one in there if comparable(configuration, one)]
        hours = max(1, day.ended - day.began) / HOUR
        model = modelled(configuration, self.visitors)
        super().__init__(model, Profile(calls={}), seed, hours=hours, began=day.began)
        self.lived: dict[CallId, Lived] = {}
        self.callers: DayCallers = DayCallers(self, seed)
        self.staff: DayStaff = DayStaff(self, seed)
        self.figures = DayFigures(self, configuration)

    def talk_time(self, caller: Caller, other: LegId) -> Length:
        """His own, whoever answers."""
        return caller.talk_time


class DayFigures(Figures):
    """Also who got whom. Service is measured by that day's times: another measure is no better service."""

    def __init__(self, world: DayWorld, configuration: Configuration) -> None:
        then = world.day.configuration.queues
        super().__init__({**configuration.queues, **then}, world.day.began, world.day.began)
        self._world = world
        self._calls: dict[CallId, Visitor] = {}

    def apply(self, fact: AnyFact, at: Moment) -> None:
        super().apply(fact, at)
        if type(fact) is f.CallStarted:
            visitor = self._world.callers.visitors.get(fact.leg)
            if visitor is not None:
                self._calls[fact.call] = visitor
        elif type(fact) is f.QueueLeft:
            self._note(fact.call, at, AgentId(""))
        elif type(fact) is f.TalkBegan:
            self._note(fact.call, at, fact.agent)

    def _note(self, call: CallId, at: Moment, agent: AgentId) -> None:
        visitor = self._calls.get(call)
        if visitor is None:
            return
        known = self._world.lived.setdefault(visitor.call, Lived(0, AgentId("")))
        if not known.agent:
            known.waited, known.agent = at - visitor.at, agent


class DayCallers(Callers):
    """Each comes when he came."""

    def __init__(self, world: DayWorld, seed: int) -> None:
        super().__init__(world, seed)
        self.visitors: dict[LegId, Visitor] = {}
        self._day_world = world
        seen: dict[QueueId, list[tuple[Length, bool]]] = {}
        talks: dict[QueueId, list[Length]] = {}
        for one in world.day.visitors.values():
            seen.setdefault(one.queue, []).append((one.left_after or one.waited, one.left_after > 0))
            if one.talked:
                talks.setdefault(one.queue, []).append(one.talked)
        self._patience = {queue: Survival(pairs) for queue, pairs in seen.items()}
        self._talked = talks
        self._all_talks = [talk for lengths in talks.values() for talk in lengths] or [TALK]

    def begin(self, began: Moment, until: Moment) -> None:
        for number, visitor in enumerate(self._day_world.visitors, 1):
            self._world.at(visitor.at, partial(self._come, number, visitor))

    def _come(self, number: int, visitor: Visitor) -> None:
        self.arrived += 1
        world, random = self._world, Random(f"{self._seed}/{visitor.call}")
        leg = leg_id(world.switch.name, world.switch.boot, f"c{number}")
        drawn = self._patience[visitor.queue].draw(visitor.waited, random)
        patience = visitor.left_after or min(drawn, max(LONGEST_WAIT, visitor.waited))
        talk = visitor.talked or random.choice(self._talked.get(visitor.queue) or self._all_talks)
        self.there[leg] = Caller(number, way_in(visitor), leg, random, patience, talk, {}, False)
        self.visitors[leg] = visitor
        phone = f"+999{number:09d}"  # a code that no country has: nobody is found by it
        world.act(Calls(leg, way_in(visitor), phone, "", phone))
        self._give_up_silence(self.there[leg])

    def _reply(self, caller: Caller) -> None:
        """What he would press then is not known."""


class DayStaff(Staff):
    """Agents who do what they did."""

    def __init__(self, world: DayWorld, seed: int) -> None:
        super().__init__(world, seed)
        self._day = world.day
        self._seen = world.day.workers
        self._all = together(self._seen.values())
        for agent, worker in self.workers.items():
            worker.endpoint = Endpoint(f"SIM/{agent}")  # one each: who shared a phone may be there at once here
        self._phones = {worker.endpoint: worker for worker in self.workers.values()}

    def begin(self, began: Moment) -> None:
        for agent, seen in self._seen.items():
            if agent in self.workers:
                for doing in seen.did:
                    self._world.at(max(doing.at, began), partial(self._does, self.workers[agent], doing.what, doing))
        comes, goes = self._day.staffed()
        for agent, worker in self.workers.items():
            if agent not in self._day.configuration.agents and agent not in self._seen:
                self._world.at(comes, partial(self._comes, worker))
                self._world.at(goes, partial(self._goes, worker))

    def _does(self, worker: Worker, what: str, doing: Any) -> None:
        world, agent = self._world, worker.profile.id
        match what:
            case "log_in":
                self._comes(worker)
            case "log_out":
                self._goes(worker)
            case "pause":
                world.request(PauseRequested, agent, doing.reason)
            case "unpause":
                world.request(UnpauseRequested, agent)
            case "phone_gone" | "phone_back":
                worker.reachable = what == "phone_back"
                self._tell_phone(worker)
            case "phone_taken" | "phone_free":
                worker.busy = what == "phone_taken"
                self._tell_phone(worker)
            case "busy":
                worker.busy = True
                self._tell_phone(worker)
                world.after(doing.length, partial(self._ends_private_call, worker))

    def habits(self, worker: Worker) -> Habits:
        """His own, if they are known."""
        seen = self._seen.get(worker.profile.id)
        return seen.habits if seen is not None and seen.habits.offers >= ENOUGH else self._all

    def changed(self, fact: AgentChanged) -> None:
        worker = self.workers.get(fact.agent)
        if worker is None:
            return
        habits, random = self.habits(worker), worker.random
        if fact.new == "paused" and MISSED.fullmatch(fact.reason):
            lengths = habits.missed_pauses or self._all.missed_pauses or [MISSED_PAUSE]
            self._world.after(random.choice(lengths), partial(self._unpauses, worker))
        elif fact.new == "wrap_up" and random.random() * habits.wrap_ups < len(habits.cut_wrap_ups):
            end = partial(self._world.request, EndWrapUpRequested, fact.agent)
            self._world.after(random.choice(habits.cut_wrap_ups), end)

    def _rings(self, sight: Rings) -> None:
        worker = None if sight.number else self._phones.get(sight.endpoint)
        if worker is None:
            super()._rings(sight)
            return
        self.at[sight.leg] = worker
        habits, random = self.habits(worker), worker.random
        luck = random.random() * max(1, habits.offers)
        if luck < len(habits.declined):
            code = DECLINED if random.random() < 0.5 else BUSY
            self._world.after(random.choice(habits.declined), partial(self._world.act, Rejects(sight.leg, code)))
        elif luck >= len(habits.declined) + habits.unanswered:
            after = random.choice(habits.pick_ups) if habits.pick_ups else PICK_UP
            self._world.after(after, partial(self._world.act, PicksUp(sight.leg)))

    def _talks(self, worker: Worker, leg: LegId) -> None:
        """What he does beside is among his doings."""


def together(workers: Any) -> Habits:
    """Of all agents."""
    habits = Habits()
    one: Observed
    for one in workers:
        habits.pick_ups += one.habits.pick_ups
        habits.declined += one.habits.declined
        habits.unanswered += one.habits.unanswered
        habits.wrap_ups += one.habits.wrap_ups
        habits.cut_wrap_ups += one.habits.cut_wrap_ups
        habits.missed_pauses += one.habits.missed_pauses
    return habits
