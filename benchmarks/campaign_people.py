"""The people of `make campaign`: those who are dialled, at the far end of the trunk, and the agents' phones.

What somebody does when his phone rings is drawn from his number, by the same distributions as in the simulated runs.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from random import Random
from secrets import token_hex
from typing import Literal

from benchmarks.traffic import AGENTS_HOST, FIRST_AGENT
from ccd.lab.asterisk_config import TRUNK_HOST, Endpoint
from ccd.lab.peer_call import PeerCall
from ccd.lab.process import free_udp_port
from ccd.lab.sip_message import address_uri, user
from ccd.lab.sip_peer import Reply, SipPeer
from ccd.model.ids import SECOND
from ccd.simulation.campaign import BUSY, CONGESTED, DECLINED, NOT_FOUND, People
from ccd.simulation.distribution import Distribution

Fate = Literal["answers", "busy", "refuses", "unknown", "congested", "rings out"]
REGISTERED = 60
CODES: dict[Fate, int] = {"busy": BUSY, "refuses": DECLINED, "unknown": NOT_FOUND, "congested": CONGESTED}


@dataclass(eq=False)
class Party:
    """Somebody who may be dialled, and every call that he got. Times in seconds."""

    number: str
    fate: Fate
    after: float
    talk: float
    patience: float
    is_machine: bool
    leaves_first: bool
    calls: list[PeerCall] = field(default_factory=list)
    agents: list[PeerCall] = field(default_factory=list)
    """Agents' phones that rang for him."""

    @property
    def is_talking(self) -> bool:
        """Whether an agent is there."""
        return any(call.was_answered and not call.is_over for call in self.agents)

    @property
    def has_talked(self) -> bool:
        """Whether one was."""
        return any(call.was_answered for call in self.agents)


def party(number: str, people: People, seed: int) -> Party:
    """What he is like."""
    random = Random(f"{seed}/{number}")
    luck = random.random()
    fate: Fate = "rings out"
    rates: tuple[tuple[Fate, float], ...] = (
        ("busy", people.busy_rate),
        ("refuses", people.refuse_rate),
        ("unknown", people.unknown_rate),
        ("congested", people.congestion_rate),
        ("answers", people.answer_rate),
    )
    for name, rate in rates:
        if luck < rate:
            fate = name
            break
        luck -= rate
    after = people.answer_time if fate == "answers" else people.busy_time
    is_machine = random.random() < people.machine_rate
    talk = people.machine_time if is_machine else people.talk_time

    def drawn(distribution: Distribution) -> float:
        return distribution.draw(random) / SECOND

    return Party(number, fate, drawn(after), drawn(talk), drawn(people.patience), is_machine, random.random() < 0.5)


class Parties:
    """All of them, on two SIP peers. Agents answer by themselves after a moment, as told by a header."""

    def __init__(self, agents: int, people: People, seed: int, pick_up: Distribution, *, registers: bool) -> None:
        self.by_number: dict[str, Party] = {}
        self.numbers = [str(FIRST_AGENT + n) for n in range(agents)]
        self.strangers: list[str] = []
        """Numbers that should not have been dialled."""
        self.doubled: list[str] = []
        """Agents whose phone rang while they had a call."""
        self.not_told: int = 0
        """Phones that were rung without being told to answer by themselves."""
        self._random = Random(f"{seed}/agents")
        self._people, self._seed, self._pick_up = people, seed, pick_up
        self._lives: set[asyncio.Task[None]] = set()
        self._last: dict[str, PeerCall] = {}
        self._port = free_udp_port(AGENTS_HOST)
        self._passwords = {number: token_hex(8) for number in self.numbers} if registers else {}
        self._peers: list[SipPeer] = []

    async def begin(self, trunk: int, server: tuple[str, int]) -> None:
        """Listen where the switch's trunk leads to, and be the phones at `server`. Raises LabError."""
        self._peers.append(SipPeer(TRUNK_HOST, trunk, on_call=self._dialled, sound=False))
        phones = SipPeer(AGENTS_HOST, self._port, on_call=self._offered, sound=False, passwords=self._passwords)
        self._peers.append(phones)
        for number in self._passwords:
            await phones.register(number, server, expires=REGISTERED)

    def add(self, number: str) -> Party:
        """One more who may be dialled."""
        made = self.by_number[number] = party(number, self._people, self._seed)
        return made

    def endpoints(self) -> list[Endpoint]:
        """The agents' phones, as the switch has them."""
        if self._passwords:
            return [Endpoint(number, password) for number, password in self._passwords.items()]
        return [Endpoint(number, contact=f"sip:{number}@{AGENTS_HOST}:{self._port}") for number in self.numbers]

    async def close(self) -> None:
        """Everybody leaves."""
        for life in self._lives:
            life.cancel()
        await asyncio.gather(*self._lives, return_exceptions=True)
        for peer in self._peers:
            peer.close()

    def counts(self) -> tuple[int, int]:
        """How many were dialled, and talk with an agent now."""
        parties = self.by_number.values()
        return sum(bool(one.calls) for one in parties), sum(one.is_talking for one in parties)

    def are_gone(self) -> bool:
        """Whether nobody is on the line."""
        return all(call.is_over for one in self.by_number.values() for call in (*one.calls, *one.agents))

    # --- who is dialled

    def _dialled(self, call: PeerCall) -> Reply | None:
        known = self.by_number.get(call.number)
        if known is None:
            self.strangers.append(call.number)
            return Reply(NOT_FOUND)
        known.calls.append(call)
        if known.fate in CODES:
            return Reply(CODES[known.fate], after=known.after)
        if known.fate == "rings out":
            return None
        self._begin(self._lose_patience(known, call))
        return Reply(after=known.after)

    async def _lose_patience(self, known: Party, call: PeerCall) -> None:
        await asyncio.wait([call.answered])
        if call.was_answered:
            await asyncio.wait([call.ended], timeout=known.patience)
            if not call.is_over and not known.is_talking:
                call.hang_up()

    # --- agents

    def _offered(self, call: PeerCall) -> Reply:
        number = user(address_uri(call.header("From")))
        known = self.by_number.get(number)
        last = self._last.get(call.number)
        if last is not None and not last.is_over:
            self.doubled.append(call.number)
        self._last[call.number] = call
        if "answer-after=0" not in call.header("Call-Info"):
            self.not_told += 1
        if known is None:
            self.strangers.append(number)
            return Reply(DECLINED)
        known.agents.append(call)
        self._begin(self._talk(known, call))
        return Reply(after=self._pick_up.draw(self._random) / SECOND)

    async def _talk(self, known: Party, call: PeerCall) -> None:
        await asyncio.wait([call.answered])
        if call.was_answered:
            await asyncio.wait([call.ended], timeout=known.talk)
            (known.calls[-1] if known.leaves_first else call).hang_up()

    def _begin(self, life: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(life)
        self._lives.add(task)
        task.add_done_callback(self._lives.discard)
