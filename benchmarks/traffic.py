"""Callers and agents of a benchmark: two SIP peers in one process, so that one clock sees both ends of every call."""

import asyncio
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count, pairwise
from secrets import token_hex

from ccd.lab.asterisk_config import TRUNK_HOST, Endpoint
from ccd.lab.peer_call import PeerCall
from ccd.lab.process import free_udp_port
from ccd.lab.sip_message import address_uri, user
from ccd.lab.sip_peer import Reply, SipPeer

AGENTS_HOST = "127.0.0.3"
FIRST_AGENT = 2_000
FIRST_CALLER = 4_930_100_000_000
"""Every call shows a number of its own, by which the offer on the agent's side is known."""
MILLISECOND = 1_000_000
REGISTERED = 3_600
GAP_AGE = 50 * MILLISECOND


@dataclass
class Call:
    """A caller's call and every offer of it to an agent, in order."""

    placed: PeerCall
    offers: list[PeerCall] = field(default_factory=list)

    @property
    def offer_time(self) -> float:
        """Caller's INVITE to agent's INVITE, ms."""
        return (self.offers[0].times.invite - self.placed.times.invite) / MILLISECOND

    def talk_time(self) -> float | None:
        """Caller's INVITE to the moment when each had heard the other, ms; None if one never did."""
        answered, audio = self.offers[-1].times.answered, self.audio_time()
        return (
            None if audio is None or answered is None else audio + (answered - self.placed.times.invite) / MILLISECOND
        )

    def audio_time(self) -> float | None:
        """Agent's 200 to the moment when each had heard the other, ms; None if one never did."""
        agent = self.offers[-1]
        if self.placed.stream is None or agent.stream is None or agent.times.answered is None:
            return None
        heard = self.placed.stream.first_heard_at(agent.tone), agent.stream.first_heard_at(self.placed.tone)
        if heard[0] is None or heard[1] is None:
            return None
        return (max(heard[0], heard[1]) - agent.times.answered) / MILLISECOND


class Traffic:
    """`agents` phones at fixed contacts that answer at once; the agent hangs up after `talk` seconds, with
    `callers_leave` every other time the caller.

    `tone` gives the tone in Hz by the number of caller or agent; without it nobody speaks and nothing is heard.
    With `registers` they have passwords and `register` at the switch.
    """

    def __init__(
        self,
        agents: int,
        *,
        talk: float,
        tone: Callable[[str], int] | None = None,
        callers_leave: bool = False,
        registers: bool = False,
    ) -> None:
        self.numbers = [str(FIRST_AGENT + n) for n in range(agents)]
        self.talk = talk
        self.lags: list[float] = []
        """How long after its arrival each offer was seen, ms: how busy this process was."""
        self.unknown = 0
        self.passwords = {number: token_hex(8) for number in self.numbers} if registers else {}
        self._port = free_udp_port(AGENTS_HOST)
        self._callers_leave = callers_leave
        self._callers = count(FIRST_CALLER)
        self._calls: dict[str, Call] = {}
        self._loop = asyncio.get_running_loop()
        self._open(tone)

    def reopen(self, tone: Callable[[str], int] | None, *, hears: bool = True) -> None:
        """From now on with other tones, or without; with `hears=False` what they are told goes unheard."""
        self.close()
        self._open(tone, hears)

    def _open(self, tone: Callable[[str], int] | None, hears: bool = True) -> None:
        self._tone = tone or (lambda number: 0)
        has_sound = tone is not None
        self.callers = SipPeer(TRUNK_HOST, sound=has_sound, hears=hears)
        self.agents = SipPeer(
            AGENTS_HOST,
            self._port,
            on_call=self._offered,
            tone=self._tone,
            sound=has_sound,
            hears=hears,
            passwords=self.passwords,
        )

    async def register(self, server: tuple[str, int]) -> None:
        """All that have passwords, for an hour. Raises LabError."""
        for number in self.passwords:
            await self.agents.register(number, server, expires=REGISTERED)

    def endpoints(self) -> list[Endpoint]:
        """The agents' phones, as the switch has them."""
        if self.passwords:
            return [Endpoint(number, password) for number, password in self.passwords.items()]
        return [Endpoint(number, contact=f"sip:{number}@{AGENTS_HOST}:{self._port}") for number in self.numbers]

    def close(self) -> None:
        self.callers.close()
        self.agents.close()

    async def place(
        self,
        number: str,
        server: tuple[str, int],
        total: int,
        rate: float,
        calls: list[Call],
        placed: Callable[[Call], None] = lambda call: None,
    ) -> None:
        """`total` calls to `number`, `rate` a second at even distances, put into `calls`; until the last is placed."""
        began = self._loop.time()
        for index in range(total):
            await asyncio.sleep(max(0.0, began + index / rate - self._loop.time()))
            caller = str(next(self._callers))
            call = Call(self.callers.place(number, server, caller=f"+{caller}", tone=self._tone(caller)))
            self._calls[caller] = call
            calls.append(call)
            placed(call)

    async def over(self, calls: Sequence[Call], within: float) -> None:
        """Wait until all are over; those that are not by then are hung up."""
        ended = [leg.ended for call in calls for leg in (call.placed, *call.offers)]
        await asyncio.wait(ended, timeout=within)
        for call in calls:
            for leg in (call.placed, *call.offers):
                leg.hang_up()

    def unsaid(self, call: Call) -> float:
        """Seconds of sound that caller and agent owed each other, because this process did not get the processor."""
        times = call.offers[-1].times
        end = times.ended or time.monotonic_ns()
        return sum(peer.unsaid(times.invite, end) for peer in (self.callers, self.agents))

    def forget(self) -> None:
        """Let go of what the last round left."""
        self._calls.clear()
        self.lags.clear()
        self.callers.history.clear()
        self.agents.history.clear()

    def _offered(self, call: PeerCall) -> Reply:
        self.lags.append((time.monotonic_ns() - call.times.invite) / MILLISECOND)
        of = self._calls.get(user(address_uri(call.header("From"))).lstrip("+"))
        if of is None:
            self.unknown += 1
            return Reply(603)
        of.offers.append(call)
        leaves = of.placed if self._callers_leave and call.call_id < of.placed.call_id else call
        self._loop.call_later(self.talk, leaves.hang_up)
        return Reply()


def agent_gaps(calls: Sequence[Call]) -> list[float]:
    """How long each agent who became free was without an offer while somebody waited, ms.

    Somebody waits who called GAP_AGE before and was offered to nobody yet.
    """
    gaps = []
    for offers in by_agent(calls).values():
        for before, after in pairwise(offers):
            free = before.times.ended
            if free is not None and any(
                call.offers and call.placed.times.invite + GAP_AGE < free < call.offers[0].times.invite
                for call in calls
            ):
                gaps.append((after.times.invite - free) / MILLISECOND)
    return gaps


def overlapping(calls: Sequence[Call]) -> list[str]:
    """Agents who were offered a call while they had another."""
    found = []
    for number, offers in by_agent(calls).items():
        for before, after in pairwise(offers):
            if before.times.ended is None or after.times.invite < before.times.ended:
                found.append(number)
    return found


def by_agent(calls: Sequence[Call]) -> dict[str, list[PeerCall]]:
    """The offers of each agent, in order of time."""
    offers: dict[str, list[PeerCall]] = {}
    for offer in sorted((offer for call in calls for offer in call.offers), key=lambda offer: offer.times.invite):
        offers.setdefault(offer.number, []).append(offer)
    return offers


def median(values: Sequence[float]) -> float:
    return statistics.median(values) if values else float("nan")


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")
