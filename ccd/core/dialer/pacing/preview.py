"""Preview: an agent sees a contact first; it is dialled when he says so, or when his time to look is over."""

from ccd.core.dialer.pacing.base import Pacing
from ccd.model.ids import SECOND, AgentId, Length, Moment


class Preview(Pacing):
    """One line for each agent who has accepted his contact, none for the others."""

    name = "preview"

    def __init__(self, time_limit: Length | None = 60 * SECOND) -> None:
        """`time_limit`: after it the contact counts as accepted; None: never."""
        super().__init__()
        self.time_limit = time_limit
        self.shown: dict[AgentId, Moment] = {}
        """Agents who look at a contact, since when."""
        self.accepted: dict[AgentId, Moment] = {}
        """Agents whose contact may be dialled."""

    def contact_shown(self, agent: AgentId, now: Moment) -> None:
        """A ready agent looks at a contact, the first or the one after a skip."""
        if agent in self.ready:
            self.shown[agent] = now

    def contact_accepted(self, agent: AgentId, now: Moment) -> None:
        """He wants it dialled."""
        if self.shown.pop(agent, None) is not None:
            self.accepted[agent] = now

    def contact_used(self, agent: AgentId) -> None:
        """His contact is dialled, or may not be dialled any more: he is shown another one."""
        self.shown.pop(agent, None)
        self.accepted.pop(agent, None)

    def calls_to_place(self, now: Moment) -> int:
        """Accepted contacts that have no line yet."""
        if self.time_limit is not None:
            for agent in [agent for agent, since in self.shown.items() if now >= since + self.time_limit]:
                self.contact_accepted(agent, now)
        return self._decide(now, len(self.accepted), "a line for each accepted contact")

    def deadline(self) -> Moment | None:
        """When the first agent has looked long enough."""
        if self.time_limit is None or not self.shown:
            return None
        return min(self.shown.values()) + self.time_limit

    def _leave(self, agent: AgentId) -> None:
        super()._leave(agent)
        self.shown.pop(agent, None)
        self.accepted.pop(agent, None)
