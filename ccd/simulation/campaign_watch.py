"""What must hold of every campaign at every instant: a second bookkeeping of the dialler's promises, by facts alone."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import Struct

from ccd.core.configuration import Campaign as Rules
from ccd.model import fact as f
from ccd.model.ids import AgentId, CallId, CampaignId, ContactId, Moment

MOST_CONTACTS = 200_000
EXACT = 1e-9


class Count(Struct):
    """Of one campaign in its period. `most` is the largest share of abandoned ones at any instant of any period."""

    period: Moment = 0
    live: int = 0
    abandoned: int = 0
    most: float = 0.0


class CampaignWatch:
    """Give it every fact; it tells what must not be."""

    def __init__(self) -> None:
        self.held: dict[AgentId, CampaignId] = {}
        self.open: dict[CallId, f.AttemptBegan] = {}
        """Attempts that have not ended."""
        self.kept: dict[AgentId, CallId] = {}
        """Agents for whom somebody is dialled."""
        self.counts: dict[CampaignId, Count] = {}
        self._rules: Mapping[CampaignId, Rules] = {}
        self._former: dict[CallId, None] = {}
        """Attempts of a former daemon, whose facts came before those seen here."""
        self._dialled: dict[ContactId, CallId] = {}
        self._next_at: dict[tuple[CampaignId, ContactId], Moment] = {}
        self._folds: dict[type, Callable[[Any, Moment], str]] = {}
        self._attach()

    def __getstate__(self) -> dict[str, Any]:
        """Without the rules: whoever reads a snapshot has them."""
        return {**self.__dict__, "_rules": {}, "_folds": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._attach()

    def _attach(self) -> None:
        self._folds = {
            f.AgentHeld: self._agent_held,
            f.AgentLetGo: self._agent_let_go,
            f.AttemptBegan: self._began,
            f.AttemptAnswered: self._answered,
            f.AttemptConnected: self._connected,
            f.AttemptAbandoned: self._abandoned,
            f.AttemptEnded: self._ended,
            f.DispositionSet: self._disposed,
        }

    def configure(self, rules: Mapping[CampaignId, Rules]) -> None:
        """From now on by these rules."""
        self._rules = rules

    def restored(self, calls: Iterable[CallId]) -> None:
        """A daemon begins anew, and is told of these."""
        self._former = dict.fromkeys(calls)

    def apply(self, fact: f.AnyFact, now: Moment) -> str:
        """One more; what is wrong with it, if anything."""
        fold = self._folds.get(type(fact))
        return fold(fact, now) if fold is not None else ""

    def _agent_held(self, fact: f.AgentHeld, now: Moment) -> str:
        other = self.held.get(fact.agent)
        self.held[fact.agent] = fact.campaign
        return f"an agent is held for one campaign: {fact}, and {other}" if other else ""

    def _agent_let_go(self, fact: f.AgentLetGo, now: Moment) -> str:
        return "" if self.held.pop(fact.agent, None) == fact.campaign else f"who is let go was held: {fact}"

    def _began(self, fact: f.AttemptBegan, now: Moment) -> str:
        self.open[fact.call] = fact
        if fact.wanted:
            self.kept[fact.wanted] = fact.call
        other = self._dialled.get(fact.contact)
        self._dialled[fact.contact] = fact.call
        if other is not None:
            return f"a contact has one line: {fact}, and {other}"
        due = self._next_at.get((fact.campaign, fact.contact), now)
        rules = self._rules.get(fact.campaign)
        if due == 0 or due > now:
            return f"nobody is dialled before his time: {fact}, due at {due}"
        if rules is not None and fact.attempt > rules.most_attempts:
            return f"nobody is dialled more often than allowed: {fact}"
        return ""

    def _answered(self, fact: f.AttemptAnswered, now: Moment) -> str:
        if fact.by != "machine":
            self._count(fact.campaign, now).live += 1
        return "" if self._is_known(fact.call) else f"who answers was dialled: {fact}"

    def _connected(self, fact: f.AttemptConnected, now: Moment) -> str:
        self.held.pop(fact.agent, None)
        self._forget_wanted(fact.call)
        return "" if fact.call in self.open else f"who is connected was dialled: {fact}"

    def _abandoned(self, fact: f.AttemptAbandoned, now: Moment) -> str:
        count = self._count(fact.campaign, now)
        count.abandoned += 1
        count.most = max(count.most, count.abandoned / max(1, count.live))
        return ""

    def _ended(self, fact: f.AttemptEnded, now: Moment) -> str:
        self._forget_wanted(fact.call)
        if self._dialled.get(fact.contact) == fact.call:
            del self._dialled[fact.contact]
        self._next_at.pop((fact.campaign, fact.contact), None)
        self._next_at[fact.campaign, fact.contact] = fact.next_at
        if len(self._next_at) > MOST_CONTACTS:
            del self._next_at[next(iter(self._next_at))]
        is_known = self._is_known(fact.call)
        self.open.pop(fact.call, None)
        self._former.pop(fact.call, None)
        return "" if is_known else f"an attempt ends once: {fact}"

    def _disposed(self, fact: f.DispositionSet, now: Moment) -> str:
        if fact.next_at or fact.is_done:
            self._next_at[fact.campaign, fact.contact] = 0 if fact.is_done else fact.next_at
        return ""

    def _is_known(self, call: CallId) -> bool:
        return call in self.open or call in self._former

    def _forget_wanted(self, call: CallId) -> None:
        began = self.open.get(call)
        if began is not None and self.kept.get(began.wanted) == call:
            del self.kept[began.wanted]

    def _count(self, campaign: CampaignId, now: Moment) -> Count:
        count = self.counts.setdefault(campaign, Count())
        rules = self._rules.get(campaign)
        began = rules.cap.period.begin(now) if rules is not None else 0
        if began > count.period:
            count.period, count.live, count.abandoned = began, 0, 0
        return count
