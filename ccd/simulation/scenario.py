"""Centres to be simulated that are nobody's own: for soak runs, for comparison with theory and with the literature."""

from collections.abc import Mapping, Sequence
from dataclasses import replace as replaced
from itertools import pairwise
from random import Random

from msgspec.structs import replace

from ccd.core.configuration import (
    AgentProfile,
    Announcements,
    Configuration,
    FeatureCodes,
    NumberRoute,
    PhonePrompts,
    Queue,
    RecordingPolicy,
    Site,
)
from ccd.core.dial_policy import DialPolicy, DialRule
from ccd.core.flow.expression import Literal
from ccd.core.flow.flow import Flow, Step
from ccd.core.flow.prompt import Prompt, Sound
from ccd.core.flow.steps.caller import Caller
from ccd.core.flow.steps.collect import Collect
from ccd.core.flow.steps.hangup import Hangup
from ccd.core.flow.steps.menu import Menu
from ccd.core.flow.steps.play import Play
from ccd.core.flow.steps.queue import Queue as QueueStep
from ccd.core.flow.steps.transfer import Transfer
from ccd.core.flow.steps.voicemail import Voicemail
from ccd.core.network import Network
from ccd.model.ids import SECOND, AgentId, Endpoint, QueueId, SwitchName
from ccd.simulation.distribution import exponential, fixed, lognormal
from ccd.simulation.profile import HOUR, Agents, Callers, Faults, Profile
from ccd.switch.simulated.settings import AT_ONCE, Rates, Settings

DAY_SHAPE = (1, 1, 1, 1, 1, 2, 5, 20, 60, 95, 100, 98, 80, 70, 82, 90, 88, 70, 40, 20, 10, 5, 3, 2)
"""Calls an hour over a day, in hundredths of the busiest."""
TRUNK = Endpoint("PJSIP/trunk")


def prompt(name: str) -> Prompt:
    """A prompt of one sound."""
    return Prompt({"en": (Sound(name),)})


def flow(name: str, **steps: Step) -> Flow:
    """A flow of the steps in the order given."""
    names = list(steps)
    return Flow(name, "1", names[0], steps, dict(pairwise(names)))


def agent(number: int, skills: Mapping[str, int]) -> AgentProfile:
    """One agent with a phone of his own."""
    name = f"agent{number:04d}"
    return AgentProfile(AgentId(name), name, str(1000 + number), skills, Endpoint(f"PJSIP/{1000 + number}"))


def centre(
    flows: Sequence[Flow], queues: Sequence[Queue], agents: Sequence[AgentProfile], site: Site | None = None
) -> Configuration:
    """A configuration; the number of a flow is its name."""
    said = (prompt(name) for name in ("number", "pin", "in", "out", "paused", "unpaused", "refused"))
    return Configuration(
        hash="simulated",
        site=site or Site(most_calls=100_000),
        numbers={one.name: NumberRoute(one.name) for one in flows},
        flows={one.name: one for one in flows},
        queues={queue.id: queue for queue in queues},
        agents={one.id: one for one in agents},
        calendars={},
        dial_policy=DialPolicy((DialRule("all", "+34*", trunk=TRUNK, outbound_cli="+34900"),)),
        feature_codes=FeatureCodes(),
        phone_prompts=PhonePrompts(*said),
    )


# --- for soak runs


def apart(configuration: Configuration, seed: int) -> Configuration:
    """The same centre on two or three switches, by chance with a trunk missing; phones have the same names on all."""
    random = Random(f"{seed}/switches")
    names = [SwitchName("pbx"), *(SwitchName(name) for name in ("annex", "barn")[: random.choice((1, 1, 2))])]
    trunks = {
        name: {to: Endpoint(f"PJSIP/to-{to}") for to in names if to != name and random.random() < 0.85}
        for name in names
    }
    agents = {}
    for number, profile in enumerate(configuration.agents.values()):
        switch = names[number % len(names)]
        phone = f"PJSIP/{1000 + number // len(names)}"
        agents[profile.id] = replaced(profile, endpoint=Endpoint(f"{switch}:{phone}" if switch != names[0] else phone))
    rules = tuple(
        replaced(rule, name=name, trunk=Endpoint(f"{name}:{rule.trunk}" if name != names[0] else rule.trunk))
        for rule in configuration.dial_policy.rules
        for name in names
    )
    return replaced(configuration, agents=agents, dial_policy=DialPolicy(rules), network=Network(trunks))


def busy_centre(agents: int, seed: int = 0, version: int = 0) -> Configuration:
    """Menus, priorities, overflow, voicemail, recording, transfers; agents with overlapping skills by chance.

    Other versions of a seed have other skills, rules and flows; the second one has fewer agents and no repairs.
    """
    random = Random(f"{seed}/centre/{version}")
    told = Announcements(15 * SECOND, 40 * SECOND, {"en": ("one", "more")}, {"en": ("soon", "later")})
    queues: tuple[Queue, ...] = (
        Queue(QueueId("sales"), "Sales", (("sales", 2),), wrap_up_time=15 * SECOND, announcements=told),
        Queue(QueueId("vip"), "VIP", (("sales", 1), ("english", 1)), retry_time=0, recording=RecordingPolicy("always")),
        Queue(
            QueueId("support"),
            "Support",
            (("support", 1),),
            ring_time=10 * SECOND,
            wrap_up_time=30 * SECOND,
            recording=RecordingPolicy("share", 0.3, prompt("recorded"), "9"),
        ),
        Queue(QueueId("repairs"), "Repairs", (("support", 3), ("sales", 1)), recording=RecordingPolicy("on_demand")),
    )
    skills = ("sales", "english", "support")
    staff = [
        agent(n, {skill: random.randint(1, 5) for skill in skills if random.random() < 0.7} or {"sales": 3})
        for n in range(agents)
    ]
    site = Site(outbound_wrap_up_time=5 * SECOND, most_calls=100_000)
    if version == 1:
        queues, staff = queues[:3], staff[: agents * 3 // 4 + 1]
    elif version:
        queues = tuple(replaced(queue, ring_time=(8 + version) * SECOND, wrap_up_time=0) for queue in queues)
    made = centre((main_flow(), vip_flow(), repairs_flow()), queues, staff, site)
    return replaced(made, hash=f"simulated-{version}")


def main_flow() -> Flow:
    """Who calls, what for, wait, leave a message."""
    return flow(
        "main",
        known=Caller(),
        welcome=Play(prompt("welcome")),
        choose=Menu(prompt("choose"), {"1": "sales", "2": "support", "3": "number"}, retries=1, otherwise="sales"),
        number=Collect(prompt("number"), "repair", max_length=6, retries=1, otherwise="support"),
        repairs=QueueStep("repairs", priority=60 * SECOND, max_wait=300 * SECOND, on={"overflowed": "support"}),
        sales=QueueStep("sales", max_wait=180 * SECOND, on={"overflowed": "message", "no_agent": "message"}),
        support=QueueStep("support", on={"no_agent": "message", "answered": "bye"}),
        message=Voicemail(mailbox="main", greeting=prompt("message")),
        bye=Hangup(),
    )


def vip_flow() -> Flow:
    """No answer before the agent's, a head start, and afterwards another queue."""
    return flow(
        "vip",
        wait=QueueStep("vip", priority=120 * SECOND, answer=False, max_wait=120 * SECOND, on={"answered": "more"}),
        outside=Transfer(to=Literal("+34600000001"), ring_time=20 * SECOND, on={"answered": "bye"}),
        more=QueueStep("sales", max_wait=60 * SECOND),
        bye=Hangup(),
    )


def repairs_flow() -> Flow:
    """Straight into a queue with a long wait."""
    return flow(
        "repairs",
        wait=QueueStep("repairs", max_wait=600 * SECOND, on={"overflowed": "outside"}),
        outside=Transfer(to=Literal("+34600000002"), ring_time=20 * SECOND),
    )


def busy_day(calls: float, shape: Sequence[float] = DAY_SHAPE, faults: bool = True) -> Profile:
    """So many calls a day for `busy_centre`, people who do all that people do, and a switch that fails."""
    share = calls / sum(shape)
    rates = {"main": 0.75, "vip": 0.15, "repairs": 0.10}
    people = Agents(
        refusal_rate=0.03,
        no_answer_rate=0.03,
        log_out_in_talk_rate=0.01,
        pause_in_talk_rate=0.02,
        transfer_rate=0.02,
        record_key_rate=0.05,
        pause_every=2 * HOUR,
        log_out_every=4 * HOUR,
        phone_lost_every=6 * HOUR,
        private_call_every=3 * HOUR,
        outbound_call_every=2 * HOUR,
        early_end_of_wrap_up_rate=0.1,
    )
    troubles = Faults(link_down_every=HOUR // 2, restart_every=8 * HOUR, no_record_rate=0.01)
    failing = Rates(reordered=0.05, lost_answer=0.002, crossing=0.01, ghost=0.3, duplicate_state=0.02, late_state=0.02)
    callers = Callers(
        wrong_key_rate=0.05, silent_rate=0.05, early_hang_up_rate=0.03, redial_rate=0.3, talk_time=lognormal(150)
    )
    return Profile(
        calls={dnis: tuple(hour * share * part for hour in shape) for dnis, part in rates.items()},
        callers=callers,
        agents=people,
        faults=troubles if faults else Faults(),
        switch=Settings(rates=failing if faults else Rates()),
    )


def hard_day(calls: float) -> Profile:
    """`busy_day` with every fault often enough that each meets each."""
    day = busy_day(calls)
    rates = Rates(reordered=0.2, lost_answer=0.02, crossing=0.05, ghost=0.3, duplicate_state=0.1, late_state=0.1)
    troubles = Faults(
        link_down_every=HOUR // 4,
        restart_every=2 * HOUR,
        kill_every=HOUR // 5,
        reload_every=HOUR,
        trunk_away_every=HOUR // 4,
        supervisor_every=HOUR // 10,
        no_record_rate=0.05,
    )
    return replace(day, faults=troubles, switch=replace(day.switch, rates=rates))


# --- for comparison with theory


def one_queue(agents: int, service_level_time: float = 20.0) -> Configuration:
    """One queue, equal agents, no wrap-up, no announcements: M/M/n+M with the profile below."""
    queue = Queue(
        QueueId("line"), "Line", (("line", 1),), retry_time=0, service_level_time=int(service_level_time * SECOND)
    )
    steps = flow("line", wait=QueueStep("line", answer=False))
    return centre((steps,), (queue,), [agent(n, {"line": 1}) for n in range(agents)])


def erlang_day(calls_an_hour: float, talk_time: float, patience: float | None) -> Profile:
    """Poisson arrivals, exponential talks and patience (None: for ever), and a switch that takes no time."""
    endless = fixed(1_000_000.0)
    return Profile(
        calls={"line": (calls_an_hour,)},
        callers=Callers(
            patience=exponential(patience) if patience else endless,
            talk_time=exponential(talk_time),
            silence_limit=endless.mean,
        ),
        agents=Agents(pick_up_time=fixed(0)),
        switch=AT_ONCE,
    )


# --- six types of calls and agents who know several, as routing is measured by

SHARES = (0.28, 0.22, 0.18, 0.14, 0.11, 0.07)
LEVEL_FACTORS = {1: 1.12, 2: 1.0, 3: 0.92}


def six_types(levels: Sequence[Sequence[int]]) -> Configuration:
    """A queue a type; `levels` are each agent's, 0 for none, 3 the best."""
    names = [f"type{n}" for n in range(1, len(SHARES) + 1)]
    queues = [Queue(QueueId(name), name, ((name, 1),), retry_time=0) for name in names]
    staff = [
        agent(n, {name: level for name, level in zip(names, row, strict=True) if level}) for n, row in enumerate(levels)
    ]
    return centre([flow(name, wait=QueueStep(name, answer=False)) for name in names], queues, staff)


def six_types_day(calls_a_second: float) -> Profile:
    """Poisson arrivals by share, lognormal talks of 200 s (less at a higher level), patience of 180 s, no ringing."""
    return Profile(
        calls={f"type{n}": (calls_a_second * 3_600 * share,) for n, share in enumerate(SHARES, 1)},
        callers=Callers(
            patience=exponential(180),
            talk_time=lognormal(200),
            level_factors=LEVEL_FACTORS,
            silence_limit=fixed(1_000_000.0).mean,
        ),
        agents=Agents(pick_up_time=fixed(0)),
        switch=AT_ONCE,
    )
