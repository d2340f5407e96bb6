"""The agents: when they work, how they answer their phones, and what else they do."""

from collections.abc import Callable
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from msgspec import Struct

from ccd.core.configuration import AgentProfile
from ccd.core.network import device_of
from ccd.model.event import EndWrapUpRequested, LogInRequested, LogOutRequested, PauseRequested, UnpauseRequested
from ccd.model.fact import AgentChanged
from ccd.model.ids import MILLISECOND, SECOND, AgentId, Endpoint, LegId, Length, Moment, leg_id
from ccd.simulation.profile import HOUR
from ccd.switch.simulated.people import (
    AnySight,
    Calls,
    HangsUp,
    Over,
    PicksUp,
    Presses,
    Refers,
    Rejects,
    Rings,
    Talks,
)

if TYPE_CHECKING:
    from ccd.simulation.world import World

AGAIN: Length = 30 * SECOND
KEY_TIME: Length = 300 * MILLISECOND
OUTSIDE_PICK_UP: Length = 10 * SECOND
DECLINED, BUSY = 603, 486


class Worker(Struct):
    """One agent and his phone."""

    profile: AgentProfile
    random: Random
    endpoint: Endpoint
    works: bool = False
    reachable: bool = True
    busy: bool = False


class Staff:
    """All agents, and the parties outside whom the switch rings."""

    def __init__(self, world: "World", seed: int) -> None:
        self._world = world
        self._rules = world.profile.agents
        self._outside = Random(f"{seed}/outside")
        self.workers = {
            profile.id: Worker(
                profile, Random(f"{seed}/{profile.id}"), profile.endpoint or Endpoint(f"SIM/{profile.id}")
            )
            for profile in world.configuration.agents.values()
        }
        self.at: dict[LegId, Worker] = {}
        """Whose phone a leg rings or holds."""
        self._phones = {worker.endpoint: worker for worker in self.workers.values()}
        self._phone_calls = 0

    def connect_phones(self) -> None:
        """They register."""
        for worker in self.workers.values():
            self._tell_phone(worker)

    def begin(self, began: Moment) -> None:
        """Shifts, and whatever happens again and again."""
        rules = self._rules
        for worker in self.workers.values():
            shift = self._world.profile.shifts.get(worker.profile.id)
            comes, goes = shift or (0.0, 0.0)
            self._world.at(began + int(comes * HOUR), partial(self._comes, worker))
            if shift:
                self._world.at(began + int(goes * HOUR), partial(self._goes, worker))
            self._again(worker, rules.pause_every, self._pauses)
            self._again(worker, rules.log_out_every, self._logs_out)
            self._again(worker, rules.phone_lost_every, self._loses_phone)
            self._again(worker, rules.private_call_every, self._calls_privately)
            self._again(worker, rules.outbound_call_every, self._calls_out)

    def notice(self, sight: AnySight) -> None:
        """What is noticed at a phone, an agent's or one outside."""
        match sight:
            case Rings():
                self._rings(sight)
            case Talks() if sight.leg in self.at:
                self._talks(self.at[sight.leg], sight.leg)
            case Over():
                self.at.pop(sight.leg, None)

    def changed(self, fact: AgentChanged) -> None:
        """What he sees of himself on his screen: paused after too many missed offers, or in wrap-up and done."""
        worker = self.workers.get(fact.agent)
        if worker is None:
            return
        if fact.new == "paused" and fact.reason.startswith("missed"):
            self._world.after(2 * AGAIN, partial(self._unpauses, worker))
        elif fact.new == "wrap_up" and worker.random.random() < self._rules.early_end_of_wrap_up_rate:
            end = partial(self._world.request, EndWrapUpRequested, fact.agent)
            self._world.after(int(worker.random.random() * 5 * SECOND), end)

    # --- the phone

    def _rings(self, sight: Rings) -> None:
        worker = None if sight.number else self._phones.get(self._world.between.phone_of(sight))
        if worker is not None:
            self.at[sight.leg] = worker
        rules, random = self._rules, worker.random if worker else self._outside
        refuses, ignores = (rules.refusal_rate, rules.no_answer_rate) if worker else (0.2, 0.2)
        after = rules.pick_up_time.draw(random) if worker else int(random.random() * OUTSIDE_PICK_UP)
        luck = random.random()
        if luck < refuses:
            code = DECLINED if random.random() < 0.5 else BUSY
            self._world.after(after, partial(self._world.act, Rejects(sight.leg, code)))
        elif luck >= refuses + ignores:
            self._world.after(after, partial(self._picks_up, sight.leg, worker))

    def _picks_up(self, leg: LegId, worker: Worker | None) -> None:
        if worker is None or worker.reachable:
            self._world.act(PicksUp(leg))

    def _talks(self, worker: Worker, leg: LegId) -> None:
        rules, random, world = self._rules, worker.random, self._world
        agent = worker.profile.id
        later = int(random.random() * AGAIN)
        luck = random.random()
        if luck < rules.log_out_in_talk_rate:
            world.after(later, partial(world.request, LogOutRequested, agent))
            world.after(later + 4 * AGAIN, partial(self._comes, worker))
        elif luck < rules.log_out_in_talk_rate + rules.pause_in_talk_rate:
            world.after(later, partial(world.request, PauseRequested, agent, self._reason(random)))
            world.after(later + 4 * AGAIN, partial(self._unpauses, worker))
        elif random.random() < rules.record_key_rate:
            codes = world.configuration.feature_codes
            for place, key in enumerate(random.choice((codes.record, codes.pause_recording))):
                world.after(later + place * KEY_TIME, partial(world.act, Presses(leg, key)))
        elif random.random() < rules.transfer_rate:
            numbers = [other.profile.number for other in self.workers.values()]
            world.after(later, partial(world.act, Refers(leg, random.choice(numbers))))

    # --- what he does

    def _again(self, worker: Worker, every: Length, do: Callable[[Worker], None]) -> None:
        """At random moments, until the day is over."""
        if every <= 0:
            return

        def happens() -> None:
            if self._world.now < self._world.until:
                do(worker)
                self._world.after(int(worker.random.expovariate(1 / every)), happens)

        self._world.after(int(worker.random.expovariate(1 / every)), happens)

    def _comes(self, worker: Worker) -> None:
        worker.works = True
        self._logs_in(worker)

    def _logs_in(self, worker: Worker) -> None:
        if worker.works:
            self._world.request(
                LogInRequested, worker.profile.id, worker.endpoint, refused=partial(self._refused, worker)
            )

    def _refused(self, worker: Worker, why: str) -> None:
        self._world.after(AGAIN, partial(self._logs_in, worker))

    def _goes(self, worker: Worker) -> None:
        worker.works = False
        self._world.request(LogOutRequested, worker.profile.id)

    def _logs_out(self, worker: Worker) -> None:
        self._world.request(LogOutRequested, worker.profile.id)
        self._world.after(4 * AGAIN, partial(self._logs_in, worker))

    def _pauses(self, worker: Worker) -> None:
        self._world.request(PauseRequested, worker.profile.id, self._reason(worker.random))
        self._world.after(self._rules.pause_time.draw(worker.random), partial(self._unpauses, worker))

    def _reason(self, random: Random) -> str:
        reasons = self._world.configuration.site.pause_reasons
        return random.choice(reasons) if reasons else ""

    def _unpauses(self, worker: Worker) -> None:
        self._world.request(UnpauseRequested, worker.profile.id)

    def _loses_phone(self, worker: Worker) -> None:
        worker.reachable = False
        self._tell_phone(worker)
        self._world.after(self._rules.phone_lost_time.draw(worker.random), partial(self._finds_phone, worker))

    def _finds_phone(self, worker: Worker) -> None:
        worker.reachable = True
        self._tell_phone(worker)

    def _calls_privately(self, worker: Worker) -> None:
        worker.busy = True
        self._tell_phone(worker)
        self._world.after(self._rules.private_call_time.draw(worker.random), partial(self._ends_private_call, worker))

    def _ends_private_call(self, worker: Worker) -> None:
        worker.busy = False
        self._tell_phone(worker)

    def _calls_out(self, worker: Worker) -> None:
        """A number outside, for a while."""
        world = self._world
        if not worker.reachable or worker.busy or worker in self.at.values():
            return
        self._phone_calls += 1
        switch = world.switch_at(worker.endpoint)
        leg = leg_id(switch.name, switch.boot, f"p{self._phone_calls}")
        self.at[leg] = worker
        number = f"+349{worker.random.getrandbits(26):08d}"
        world.act(Calls(leg, number, worker.profile.number, "", number, device_of(worker.endpoint)))
        world.after(OUTSIDE_PICK_UP + int(worker.random.random() * 4 * AGAIN), partial(world.act, HangsUp(leg)))

    def _tell_phone(self, worker: Worker) -> None:
        self._world.phone_changes(worker.endpoint, worker.reachable, worker.busy)

    def agent_at(self, leg: LegId) -> AgentId | None:
        """Whose phone it is."""
        worker = self.at.get(leg)
        return worker.profile.id if worker else None
