"""What the demonstration shows: a live table while it runs, then what became of each caller."""

import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ccd.cli.screen import NONE, Cell, lasting, plain, since, table, word
from ccd.lab.demo.cast import Part
from ccd.lab.demo.verdict import Evidence, talked_with
from ccd.model.caller import Caller
from ccd.model.cdr import Candidate, Cdr
from ccd.model.ids import SECOND, Length
from ccd.model.view import AgentView, CallView, CentreView, OfferReason, QueueView, Why

RATE = 8_000
FAULT = "FAULT"
PHASES = {"flow": "in the flow", "waiting": "waiting", "dialling": "ringing outside", "talking": "talking"}


class Stage:
    """The centre while it runs: tables that change on a terminal, a line for every change elsewhere."""

    def __init__(self, out: Console, parts: Sequence[Part]) -> None:
        self._out = out
        self._names = {part.number: part.who for part in parts}
        self._live = Live(console=out, auto_refresh=False, transient=True) if out.is_terminal else None
        self._told: dict[str, str] = {}
        self._began = time.monotonic()

    def __enter__(self) -> "Stage":
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, view: CentreView) -> None:
        """The centre as it stands now."""
        if self._live is not None:
            self._live.update(tables(view, self._names), refresh=True)
        else:
            for line in self.changes(view):
                self._out.print(Text(f"{time.monotonic() - self._began:5.1f} s  {plain(line)}"))

    def changes(self, view: CentreView) -> Iterable[str]:
        """What is otherwise than it was told last."""
        now = {call_name(call, self._names): _doing(call) for call in view.calls}
        now |= {agent.name: _standing(agent) for agent in view.agents}
        for name, does in now.items():
            if self._told.get(name) != does:
                yield f"{name}: {does}"
        for name in self._told.keys() - now.keys():
            yield f"{name}: has left"
        self._told = now


def call_name(call: CallView, names: dict[str, str]) -> str:
    """Whose call it is, as people say."""
    return names.get(call.number) or f"phone {call.ani}"


def _doing(call: CallView) -> str:
    with_whom = f" with {call.agent or 'outside'}" if call.phase == "talking" else ""
    ringing = f", {call.agent}'s phone rings" if call.phase == "waiting" and call.agent else ""
    return f"{PHASES.get(call.phase, call.phase)}{with_whom} ({call.flow}: {call.step}){ringing}"


def _standing(agent: AgentView) -> str:
    return f"{agent.state}{f' ({agent.reason})' if agent.state == 'paused' else ''}"


def tables(view: CentreView, names: dict[str, str]) -> Group:
    """Calls, agents, queues."""
    calls = [_call(call, view, names) for call in view.calls]
    agents = [_agent(agent, view) for agent in view.agents]
    queues = [_queue(queue, view) for queue in view.queues]
    return Group(
        table("Calls", ("caller", "phase", "flow: step", "queue", "place>", "agent", "for>"), calls),
        Text(),
        table("Agents", ("agent", "skills", "state", "reason", "for>"), agents),
        Text(),
        table("Queues", ("queue", "waiting>", "longest>", "ready>", "answered>", "abandoned>"), queues),
    )


def _call(call: CallView, view: CentreView, names: dict[str, str]) -> tuple[Cell, ...]:
    begin = call.talk_began_at or call.waiting_since or call.started_at
    place = call.position or NONE
    step = f"{call.flow}: {call.step}"
    queue, agent = call.queue or NONE, call.agent or NONE
    return call_name(call, names), word(call.phase), step, queue, place, agent, since(begin, view.at)


def _agent(agent: AgentView, view: CentreView) -> tuple[Cell, ...]:
    reason = agent.reason if agent.state == "paused" else ""
    skills = ", ".join(f"{skill} {level}" for skill, level in agent.skills.items())
    return agent.name, skills, word(agent.state), reason, since(agent.since, view.at)


def _queue(queue: QueueView, view: CentreView) -> tuple[Cell, ...]:
    longest = since(queue.longest_waiting_since, view.at) if queue.waiting else NONE
    return queue.name, queue.waiting, longest, queue.ready, queue.answered, queue.abandoned


# --- afterwards


def report(out: Console, evidence: Evidence, faults: Sequence[str], why: Why | None, recordings: Path) -> None:
    """One caller: what was to happen, what did, and whether that is the same."""
    part = evidence.part
    mark = Text("ok    ", "bold green") if not faults else Text("FAILED", "bold red")
    out.print(Text.assemble(mark, "  ", (part.who, "bold"), f" ({part.number}): {part.does}"))
    rows = [row for cdr in evidence.calls for row in story(cdr, why, recordings)]
    rows.append(("record", f"{_record(evidence.before)} -> {_record(evidence.after)}"))
    rows += [(FAULT, fault) for fault in faults]
    grid = Table.grid(padding=(0, 2))
    for name, told in rows:
        grid.add_row(Text(name, "bold red" if name == FAULT else "dim"), Text(plain(told)))
    out.print(Padding(grid, (0, 0, 1, 8)))


def story(cdr: Cdr, why: Why | None, recordings: Path) -> Iterable[tuple[str, str]]:
    """The call's record in a few lines."""
    yield "way", " -> ".join(f"{step.step} [{step.result}]" if step.result else step.step for step in cdr.way)
    for offer in why.offers if why else ():
        yield "offer", f"{offer.agent} {offer.outcome}: {offer.reason} {candidates(offer)}"
    if cdr.talks:
        yield "answered by", talked_with(cdr)
    yield "times", f"waited {seconds(cdr.wait_time)}, talked {seconds(cdr.talk_time)}, ended by {cdr.ended_by}"
    for recording in cdr.recordings:
        yield "recording", f"{recordings / recording.path} ({recording.length / RATE:.1f} s)"
    for mail in cdr.voicemails:
        yield "message", f"{recordings / mail.path} ({seconds(mail.length)})"


def candidates(offer: OfferReason) -> str:
    """Who was looked at: levels and, for those who could not, why."""
    return "; ".join(_candidate(candidate) for candidate in offer.candidates)


def _candidate(candidate: Candidate) -> str:
    levels = "/".join(map(str, candidate.levels))
    return f"{candidate.agent} {levels}{f' ({candidate.refusal})' if candidate.refusal else ''}"


def seconds(length: Length) -> str:
    """A short length to the tenth, a long one as elsewhere."""
    return f"{length / SECOND:.1f} s" if length < 60 * SECOND else lasting(length)


def _record(caller: Caller | None) -> str:
    if caller is None:
        return "none"
    fields = ", ".join(f"{name} {value}" for name, value in sorted(caller.fields.items()))
    return f"calls {caller.calls}{f', {fields}' if fields else ''}"
