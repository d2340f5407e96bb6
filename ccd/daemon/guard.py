"""How often somebody may try an agent's PIN: a PIN has few digits, so guessing must be slow."""

from ccd.model.ids import SECOND, AgentId, Length, Moment

MOST_WRONG = 5
LOCKED: Length = 300 * SECOND


class PinGuard:
    """Five wrong ones in a row lock the agent's login by phone for five minutes. One entry an agent, so bounded."""

    def __init__(self) -> None:
        self._wrong: dict[AgentId, tuple[int, Moment]] = {}

    def may_try(self, agent: AgentId, now: Moment) -> bool:
        """Whether the PIN is looked at at all."""
        count, last = self._wrong.get(agent, (0, 0))
        return count < MOST_WRONG or now - last >= LOCKED

    def tried(self, agent: AgentId, now: Moment, is_right: bool) -> None:
        """How it ended."""
        if is_right:
            self._wrong.pop(agent, None)
            return
        count, last = self._wrong.get(agent, (0, 0))
        self._wrong[agent] = (1 if now - last >= LOCKED else count + 1, now)
