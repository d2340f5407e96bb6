"""Whatever people do and the engine commands, with every fault on: the simulated switch keeps the grammar of legs."""

from functools import partial
from random import Random

from ccd.model import command as c
from ccd.model import event as e
from ccd.model.ids import SECOND, Endpoint, LegId, RecordingId
from ccd.switch.simulated.people import (
    AnyAct,
    Calls,
    HangsUp,
    PhoneChanges,
    PicksUp,
    Presses,
    Refers,
    Rejects,
    Restarts,
)
from ccd.switch.simulated.settings import Rates, Settings
from tests.switch.simulated.bench import Bench

PHONES = tuple(Endpoint(f"PJSIP/{n}") for n in range(3))
ROUGH = Settings(
    rates=Rates(reordered=0.3, lost_answer=0.1, crossing=0.2, ghost=0.5, duplicate_state=0.2, late_state=0.2)
)
R, OTHER = RecordingId("r"), RecordingId("s")
"""A failure tells only which recording, so that one is only begun here and the other only changed."""


class Monkeys:
    """Somebody does anything at any time."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.bench = Bench(ROUGH, seed, PHONES)
        self.made = 0

    def leg(self) -> LegId:
        """One that lives, as far as the daemon knows."""
        known = list(self.bench.grammar.legs)
        return self.random.choice(known) if known else LegId("pbx/b1/none")

    def new(self) -> LegId:
        self.made += 1
        return LegId(f"pbx/{self.bench.switch.boot}/{self.made}")

    def command(self) -> c.SwitchCommand:
        """Any command that an engine could think of."""
        leg, n = self.leg(), self.made
        self.made += 1
        state = self.bench.grammar.legs.get(leg)
        commands: list[c.SwitchCommand] = [
            c.Answer(leg) if state and not state.dialled else c.Hold(leg),  # a dialled leg is its far end's to answer
            c.Play(leg, n, ("a",) * self.random.randint(0, 2), until_digit=self.random.random() < 0.5),
            c.StopPlay(leg),
            c.Hold(leg),
            c.RecordMessage(leg, n, "m", 20 * SECOND, SECOND),
            c.Bridge(leg, self.leg()),
            c.Bridge(leg, self.leg()),
            c.HangUp(leg),
            c.SetVariables(leg, (("A", "b"),)),
            c.StartRecording(leg, R),
            c.PauseRecording(leg, OTHER),
            c.StopRecording(leg, OTHER),
            c.HandBack(leg, "s"),
        ]
        return self.random.choice(commands)

    def talk(self) -> None:
        """A caller and a phone, in the order that makes a talk; whether it does, the faults say."""
        caller, phone = self.new(), self.new()
        for do in (
            partial(self.bench.act, Calls(caller, "100")),
            partial(self.bench.perform, c.Dial(phone, self.random.choice(PHONES), 5 * SECOND)),
            partial(self.bench.act, PicksUp(phone)),
            partial(self.perform_on, c.Bridge(caller, phone)),
        ):
            do()
            self.bench.wait(200_000)

    def perform_on(self, bridge: c.Bridge) -> None:
        """What an engine does: it commands legs that it knows."""
        if bridge.leg in self.bench.grammar.legs and bridge.other in self.bench.grammar.legs:
            self.bench.perform(bridge)

    def step(self) -> None:
        """One thing, and a little time."""
        bench, random = self.bench, self.random
        match random.randrange(16):
            case 0:
                self.talk()
            case 1:
                bench.act(Calls(self.new(), "100"))
            case 2 | 3:
                bench.perform(c.Dial(self.new(), random.choice(PHONES), 5 * SECOND))
            case 4 | 5:
                bench.act(PicksUp(self.leg()))
            case 6:
                acts: list[AnyAct] = [HangsUp(self.leg()), Rejects(self.leg(), 603), Refers(self.leg(), "1")]
                bench.act(random.choice(acts))
            case 7:
                bench.act(Presses(self.leg(), "1"))
            case 8:
                bench.act(PhoneChanges(random.choice(PHONES), random.random() < 0.8, random.random() < 0.2))
            case 9 if random.random() < 0.3:
                bench.act(Restarts())
            case 10 if random.random() < 0.3:
                bench.lose()
            case 11:
                if not bench.switch.is_up:
                    bench.connect()
            case _:
                bench.perform(self.command())
        bench.wait(random.choice([0, 500, 2_000, 100_000, 3 * SECOND]))


def live(seed: int) -> Bench:
    """Four hundred things, then everybody hangs up."""
    monkeys = Monkeys(seed)
    for _ in range(400):
        monkeys.step()
    bench = monkeys.bench
    if not bench.switch.is_up:
        bench.connect()
    bench.wait(60 * SECOND)
    for leg in list(bench.grammar.legs):
        bench.perform(c.HangUp(leg))
    bench.wait(60 * SECOND)
    assert not bench.grammar.legs, "every leg ends, and says so"
    return bench


def test_the_grammar_holds() -> None:
    faults: set[str] = set()
    told: set[type] = set()
    for seed in range(60):
        bench = live(seed)
        faults.update(bench.switch.faults)
        told.update(type(event) for event in bench.events)
    assert len(faults) == 10, "all of them happened"
    assert {e.LegsBridged, e.BridgeFailed, e.LegReferred, e.LegReturned, e.RecordingFailed, e.MessageRecorded} <= told
