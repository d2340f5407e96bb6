"""Callers and agents who behave as people do, whatever becomes of the daemon: they go by what they hear.

A caller presses his key when he hears the menu, and again if he goes on hearing it; he waits for an agent, speaks after
the beep, or loses his patience. An agent lets it ring for a moment, answers, and stays when he hears somebody.
"""

import asyncio
import random
import secrets
import time
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Literal

from benchmarks.traffic import AGENTS_HOST, FIRST_AGENT, FIRST_CALLER, MILLISECOND, Call
from ccd.lab import tones
from ccd.lab.asterisk_config import TRUNK_HOST, Endpoint
from ccd.lab.peer_call import PeerCall
from ccd.lab.process import free_udp_port
from ccd.lab.rtp import RATE, RtpStream, decode_mu_law
from ccd.lab.sip_message import address_uri, user
from ccd.lab.sip_peer import Reply, SipPeer

WINDOW = 0.1
GREETED = 0.2
"""So much of its tone and it is the greeting, s."""
FIRST_TONE, TONE_STEP, CALLER_TONES = 400, 10, 150
"""Callers say 400 to 1,890 Hz, agents from 1,900 on, 10 Hz from one to the next: a window of .1 s tells them apart."""
MENU_TONE, GREETING_TONE, FALLBACK_TONE = 2_500, 2_600, 2_700
LOOK = 0.25
"""Seconds from one thought of a caller to the next."""
AGAIN = 2.5
"""Seconds after which a caller who hears the menu still presses once more."""
NOBODY = 12.0
"""Seconds for which an agent says hello to nobody."""
NO_BEEP = 10.0
"""Seconds after the greeting in which a caller waits for the beep; then he speaks all the same."""
LOUD = 0.02
CROSSING = 50 * MILLISECOND
"""The next phone may ring before the last one's CANCEL has arrived, which was sent together."""
REGISTERED = 30
LIMIT = 180.0
"""Nobody stays on the line for longer: he is lost."""
SECOND = 1_000 * MILLISECOND
Wish = Literal["sales", "support", "message"]
KEYS: dict[Wish, str] = {"sales": "1", "support": "2", "message": "3"}


def tone(number: str) -> int:
    """What the caller or agent with this number says, Hz."""
    if len(number) > len(str(FIRST_AGENT)):
        return FIRST_TONE + TONE_STEP * ((int(number) - FIRST_CALLER) % CALLER_TONES)
    return FIRST_TONE + TONE_STEP * (CALLER_TONES + int(number) - FIRST_AGENT)


@dataclass(eq=False, kw_only=True)
class Caller(Call):
    """Somebody who calls for `wish`. `patience` is how long he waits for an agent.

    `left`: he hung up before he had what he wanted. `gave_up`: it was hopeless. `cut_off`: the switch died, and when.
    """

    number: str
    wish: Wish
    think: float
    talk: float
    says: float
    patience: float
    pressed: list[int] = field(default_factory=list)
    empty: list[PeerCall] = field(default_factory=list)
    """Offers that an agent answered and heard nobody."""
    talks: list[tuple[PeerCall, int]] = field(default_factory=list)
    """With whom he talked: they heard each other, from then on (time.monotonic_ns)."""
    greeted_at: int = 0
    greeted: int = 0
    """Where in what he heard the greeting ended, samples."""
    beeped_at: int = 0
    """When he heard the tone, or gave up waiting for it and spoke all the same (`heard_no_tone`)."""
    heard_no_tone: bool = False
    has_spoken: bool = False
    """He said his message, and hung up."""
    left: bool = False
    gave_up: bool = False
    cut_off: int = 0

    @property
    def is_over(self) -> bool:
        return self.placed.is_over

    @property
    def began(self) -> int:
        return self.placed.times.invite

    @property
    def ended(self) -> int:
        """Now, while he is on the line."""
        return self.placed.times.ended or time.monotonic_ns()

    def story(self) -> str:
        """What he saw, in seconds since he dialled."""

        def at(moment: int | None) -> str:
            return "never" if moment is None else f"{(moment - self.began) / SECOND:.1f}"

        told = [f"{self.number} for {self.wish}: answered {at(self.placed.times.answered)}"]
        told += [f"pressed {', '.join(map(at, self.pressed))}"] if self.pressed else []
        for offer in self.offers:
            times = offer.times
            talk = next((moment for one, moment in self.talks if one is offer), None)
            told.append(
                f"offered to a{offer.number} {at(times.invite)}, answered {at(times.answered)}, "
                f"heard {at(talk)}, over {at(times.ended)} ({offer.code})"
            )
        told.append(f"greeted {at(self.greeted_at)}" if self.greeted_at else "")
        told.append(
            f"{'spoke without a' if self.heard_no_tone else ''} beep {at(self.beeped_at)}" if self.beeped_at else ""
        )
        who = "gave up" if self.gave_up else "left" if self.left else "the switch died" if self.cut_off else "over"
        told.append(f"{who} {at(self.placed.times.ended)} ({self.placed.code})")
        return "; ".join(filter(None, told))


class People:
    """`agents` phones at fixed contacts, or that `register`, and callers who come in at a rate. What they do is drawn
    from `seed`.
    """

    def __init__(
        self, agents: int, seed: int, *, talk: tuple[float, float] = (3.0, 10.0), registers: bool = False
    ) -> None:
        self.numbers = [str(FIRST_AGENT + n) for n in range(agents)]
        self._passwords = {number: secrets.token_hex(8) for number in self.numbers} if registers else {}
        self.callers: list[Caller] = []
        """Those of whom something is to be judged still, in order of arrival."""
        self.arrived = 0
        self.unknown = 0
        """Offers of calls that nobody made."""
        self.commanded: list[int] = []
        """When the daemon was seen to command: a caller was answered, a phone rang (time.monotonic_ns)."""
        self._talk = talk
        self._random = random.Random(seed)
        self.doubled: list[tuple[str, str]] = []
        """Agents who were offered a call while they had another, and when that was."""
        self._known: dict[str, Caller] = {}
        self._last_offers: dict[str, PeerCall] = {}
        self._numbers = count(FIRST_CALLER)
        self._port = free_udp_port(AGENTS_HOST)
        self._lives: set[asyncio.Task[None]] = set()
        self._outside = SipPeer(TRUNK_HOST, tone=tone, keep_seconds=LIMIT)
        self._phones = SipPeer(
            AGENTS_HOST,
            self._port,
            on_call=self._offered,
            tone=tone,
            keep_seconds=LIMIT,
            passwords=self._passwords,
        )

    async def register(self, server: tuple[str, int]) -> None:
        """All phones that have passwords, again and again from now on. Raises LabError."""
        for number in self._passwords:
            await self._phones.register(number, server, expires=REGISTERED)

    def endpoints(self) -> list[Endpoint]:
        """The agents' phones, as the switch has them."""
        if self._passwords:
            return [Endpoint(number, password) for number, password in self._passwords.items()]
        return [Endpoint(number, contact=f"sip:{number}@{AGENTS_HOST}:{self._port}") for number in self.numbers]

    async def close(self) -> None:
        for life in self._lives:
            life.cancel()
        await asyncio.gather(*self._lives, return_exceptions=True)
        self._outside.close()
        self._phones.close()

    # --- callers

    async def arrive(self, number: str, server: tuple[str, int], rate: float) -> None:
        """Callers for `number`, for ever, at random distances."""
        due = time.monotonic()
        while True:
            due += self._random.expovariate(rate)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            self.place(number, server)

    def place(
        self,
        number: str,
        server: tuple[str, int],
        *,
        wish: Wish | None = None,
        talk: float | None = None,
        again: Caller | None = None,
    ) -> Caller:
        """One caller; `again`: the same person once more."""
        draw = self._random
        drawn: Wish = draw.choices(("sales", "support", "message"), (70, 18, 12))[0]
        shown = again.number if again else str(next(self._numbers))
        patience = draw.uniform(2.0, 8.0) if draw.random() < 0.05 and wish is None else LIMIT
        caller = Caller(
            self._outside.place(number, server, caller=f"+{shown}", tone=tone(shown)),
            number=shown,
            wish=wish or drawn,
            think=draw.uniform(0.3, 4.0),
            talk=draw.uniform(*self._talk) if talk is None else talk,
            says=draw.uniform(3.0, 8.0),
            patience=patience,
        )
        self._known[shown] = caller
        self.callers.append(caller)
        self.arrived += 1
        self._begin(self._call(caller))
        return caller

    def forget(self, judged: Sequence[Caller]) -> None:
        """Nothing more will be asked of these."""
        gone = {caller.placed for caller in judged}
        self.callers = [caller for caller in self.callers if caller.placed not in gone]
        for caller in judged:
            if self._known.get(caller.number) is caller:
                del self._known[caller.number]
        oldest = min((caller.began for caller in self.callers), default=time.monotonic_ns())
        self.commanded = [moment for moment in self.commanded if moment >= oldest]
        for peer in (self._outside, self._phones):
            while peer.history and peer.history[0].is_over and peer.history[0].times.invite < oldest:
                peer.history.popleft()

    def switch_dies(self) -> None:
        """Whoever is on the line now is cut off."""
        now = time.monotonic_ns()
        for caller in self.callers:
            if not caller.is_over:
                caller.cut_off = now

    def switch_died(self) -> None:
        """Nobody says goodbye to those who were on the line: they notice, and hang up."""
        for caller in self.callers:
            if caller.cut_off:
                for leg in (caller.placed, *caller.offers):
                    leg.hang_up()
        for offer in self._last_offers.values():  # also of those who had just hung up: their goodbye went nowhere
            if not offer.is_over:
                offer.hang_up()

    def hang_up_all(self) -> None:
        """Everybody leaves."""
        for caller in self.callers:
            if not caller.is_over:
                caller.left = not caller.talks
                caller.placed.hang_up()

    async def over(self, within: float) -> None:
        """Until nobody is on the line."""
        until = time.monotonic() + within
        while time.monotonic() < until and not all(caller.is_over for caller in self.callers):  # noqa: ASYNC110
            await asyncio.sleep(LOOK)

    def first_command(self, since: int) -> int | None:
        """When the daemon commanded first, at or after a moment."""
        return min((moment for moment in self.commanded if moment >= since), default=None)

    def unsaid(self, begin: int, end: int) -> float:
        """Seconds of sound that both sides owe each other, because this process did not get the processor."""
        return sum(peer.unsaid(begin, end) for peer in (self._outside, self._phones))

    def _begin(self, life: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(life)
        self._lives.add(task)
        task.add_done_callback(self._lives.discard)

    async def _call(self, caller: Caller) -> None:
        call = caller.placed
        done, _ = await asyncio.wait([call.answered], timeout=LIMIT)
        if call.times.answered is not None:
            self.commanded.append(call.times.answered)
        looked = 0
        while done and not call.is_over and _since(caller.began) < LIMIT:
            await asyncio.sleep(LOOK)
            if caller.talks or call.stream is None:
                continue
            greeted, looked = greeting_end(call.stream, looked), len(call.stream.sound)
            if hears(call.stream, MENU_TONE):
                self._choose(caller)
            elif greeted:
                caller.greeted_at, caller.beeped_at, caller.greeted = time.monotonic_ns(), 0, greeted
            elif caller.greeted_at and not caller.beeped_at:
                caller.heard_no_tone = _since(caller.greeted_at) > NO_BEEP
                if caller.heard_no_tone or hears_beep(call.stream, caller.greeted):
                    caller.beeped_at = time.monotonic_ns()
            elif caller.beeped_at and _since(caller.beeped_at) > caller.says:
                caller.has_spoken = True
                call.hang_up()
            elif caller.wish != "message" and not caller.offers and _since(caller.began) > caller.patience:
                caller.left = True
                call.hang_up()
        if not call.is_over:
            caller.gave_up = True
            call.hang_up()

    def _choose(self, caller: Caller) -> None:
        caller.greeted_at = caller.beeped_at = 0
        answered = caller.placed.times.answered or caller.began
        due = _since(caller.pressed[-1]) > AGAIN if caller.pressed else _since(answered) > caller.think
        if due:
            caller.pressed.append(time.monotonic_ns())
            caller.placed.press(KEYS[caller.wish])

    # --- agents

    def _offered(self, call: PeerCall) -> Reply:
        self.commanded.append(call.times.invite)
        caller = self._known.get(user(address_uri(call.header("From"))).lstrip("+"))
        if caller is None:
            self.unknown += 1
            return Reply(603)
        caller.offers.append(call)
        last = self._last_offers.get(call.number)
        if last is not None and not last.is_over:
            self._begin(self._look_for_two(last, call))
        self._last_offers[call.number] = call
        self._begin(self._serve(call, caller))
        return Reply(after=self._random.uniform(0.1, 1.5))

    async def _look_for_two(self, last: PeerCall, call: PeerCall) -> None:
        """Whether he really has two: the end of the last one may be on its way, sent together with this one."""
        await asyncio.sleep(CROSSING / SECOND)
        ended = last.times.ended
        if ended is None or ended > call.times.invite + CROSSING:
            answered = "answered" if last.was_answered else "not answered"
            between = (call.times.invite - last.times.invite) / SECOND
            told = f"{between:.2f} s after one that was {answered}, at {time.strftime('%H:%M:%S')}"
            self.doubled.append((call.number, told))

    async def _serve(self, call: PeerCall, caller: Caller) -> None:
        await asyncio.wait([call.answered], timeout=LIMIT)
        answered = time.monotonic_ns()
        while not call.is_over and call.was_answered and _since(answered) < NOBODY:
            if call.stream is not None and hears(call.stream, caller.placed.tone, 0.1):
                caller.talks.append((call, time.monotonic_ns()))
                await asyncio.wait([call.ended], timeout=caller.talk)
                leaves = call if self._random.random() < 0.6 else caller.placed
                leaves.hang_up()
                await asyncio.wait([call.ended], timeout=NOBODY)
                call.hang_up()
                return
            await asyncio.sleep(0.1)
        if call.was_answered:
            caller.empty.append(call)
        call.hang_up()


def hears(stream: RtpStream, frequency: int, seconds: float = 0.3) -> bool:
    """Whether the last so many seconds were this tone, and are not long ago."""
    if not stream.arrivals or time.monotonic_ns() - stream.arrivals[-1] > 200 * MILLISECOND:
        return False
    samples = decode_mu_law(bytes(stream.sound[-int(seconds * RATE) :]))
    return tones.heard(samples, RATE, frequency, window=WINDOW).seconds >= seconds - WINDOW / 2


def greeting_end(stream: RtpStream, looked: int) -> int:
    """Where the greeting has come to in what was heard since the last look, samples; 0 where it was not heard. However
    late this process looks, as it plays hundreds of people: nobody misses a greeting that was said to him.
    """
    begin = max(0, looked - int(GREETED * RATE))
    heard = tones.heard(decode_mu_law(bytes(stream.sound[begin:])), RATE, GREETING_TONE, window=WINDOW)
    return begin + int((heard.last + WINDOW) * RATE) if heard.seconds >= GREETED and heard.last is not None else 0


def hears_beep(stream: RtpStream, greeted: int) -> bool:
    """Whether there was a sound after the greeting's end."""
    samples = decode_mu_law(bytes(stream.sound[greeted + int(WINDOW * RATE) :]))
    size = int(WINDOW * RATE)
    pieces = (samples[begin : begin + size] for begin in range(0, len(samples) - size + 1, size))
    return any(tones.loudness(piece, RATE) > LOUD for piece in pieces)


def _since(moment: int) -> float:
    return (time.monotonic_ns() - moment) / SECOND
