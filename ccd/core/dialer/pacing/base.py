"""What pacing is: facts of one campaign in, calls to place out. The legal cap (`abandon.py`) stands outside of it.

The shape is that of congestion control: calls in flight are packets, an abandoned call is a loss, `now` comes in and
the next deadline goes out. Whoever drives it asks `calls_to_place` after the facts of a moment, dials as many or fewer,
and says `dialled` for each at once; the line counts as ringing from then on, acknowledged or not.
"""

from ccd.model.campaign import Decision
from ccd.model.ids import SECOND, AgentId, CallId, Length, Moment

LEAST_RING_TIME: Length = 15 * SECOND
"""No line is hung up sooner (US: 15 s or four rings)."""


class Pacing:
    """Keeps count of one campaign's lines and agents; an algorithm says how many calls that allows."""

    name = "base"

    def __init__(self) -> None:
        self.ringing: dict[CallId, Moment] = {}
        """Dialled and not ended, by the moment of the dial; the oldest first."""
        self.waiting: dict[CallId, Moment] = {}
        """Answered, no agent yet."""
        self.ready: dict[AgentId, Moment] = {}
        self.talking: dict[AgentId, Moment] = {}
        self.wrapping_up: dict[AgentId, Moment] = {}
        self.decision: Decision | None = None

    @property
    def free(self) -> int:
        """Ready agents less those owed to a call that was answered; below 0 when calls wait for busy agents."""
        return len(self.ready) - len(self.waiting)

    @property
    def agents(self) -> int:
        """All who work for the campaign."""
        return len(self.ready) + len(self.talking) + len(self.wrapping_up)

    @property
    def is_staffed(self) -> bool:
        """Whether there is anybody to talk."""
        return self.agents > 0

    # --- facts

    def dialled(self, call: CallId, now: Moment) -> None:
        """A dial was decided; the switch need not have acknowledged it."""
        self.ringing[call] = now

    def answered(self, call: CallId, now: Moment) -> None:
        """A person answered, or what must be taken for one."""
        self.ringing.pop(call, None)
        self.waiting[call] = now

    def not_answered(self, call: CallId, now: Moment) -> None:
        """Busy, failed, rang out, machine, hung up by us."""
        self.ringing.pop(call, None)

    def talk_begun(self, agent: AgentId, call: CallId, now: Moment) -> None:
        """The answered call has its agent. `call` may be of elsewhere: an inbound call took him."""
        self.waiting.pop(call, None)
        self._leave(agent)
        self.talking[agent] = now

    def wrap_up_begun(self, agent: AgentId, now: Moment) -> None:
        """The talk is over."""
        self._leave(agent)
        self.wrapping_up[agent] = now

    def agent_free(self, agent: AgentId, now: Moment) -> None:
        """He is ready for this campaign."""
        self._leave(agent)
        self.ready[agent] = now

    def agent_gone(self, agent: AgentId, now: Moment) -> None:
        """Paused, logged out, lost, or lent to others."""
        self._leave(agent)

    def abandoned(self, call: CallId, now: Moment) -> None:
        """An answered call had no agent in time, or its party hung up before."""
        self.waiting.pop(call, None)

    # --- decisions

    def calls_to_place(self, now: Moment) -> int:
        """How many calls to dial now; `decision` then says why."""
        raise NotImplementedError

    def calls_to_hang_up(self, now: Moment) -> tuple[CallId, ...]:
        """Ringing lines better given up, each after `LEAST_RING_TIME` at least."""
        return ()

    def deadline(self) -> Moment | None:
        """When to ask again though nothing happened."""
        return None

    def _leave(self, agent: AgentId) -> None:
        self.ready.pop(agent, None)
        self.talking.pop(agent, None)
        self.wrapping_up.pop(agent, None)

    def _decide(self, now: Moment, calls: int, reason: str, *terms: float) -> int:
        """Note a decision; `terms` are those of `Decision` from `answer_rate` on."""
        calls = max(0, calls)
        counts = self.free, len(self.talking), len(self.wrapping_up), len(self.ringing)
        self.decision = Decision(now, self.name, calls, reason, *counts, *terms)
        return calls
