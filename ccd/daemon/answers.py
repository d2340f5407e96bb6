"""Who answers the engine's questions: records, vault, speech, numbers, the campaigns' desk. Each has until its
deadline; then None.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog

from ccd.config.secret import verify_secret
from ccd.daemon.clock import Clock
from ccd.daemon.guard import PinGuard
from ccd.daemon.vault import Vault
from ccd.io.records import Records, RecordsAwayError
from ccd.io.speech import Speech, SpeechError
from ccd.model.command import Ask
from ccd.model.event import Answered
from ccd.model.ids import AgentId
from ccd.model.question import (
    AnswerValue,
    AnyQuestion,
    CheckPin,
    LookUpCaller,
    MatchSecret,
    NextContacts,
    NormaliseNumber,
    Render,
)

MOST_AT_ONCE = 2_000
log = structlog.get_logger()


class Answers:
    """Called with each `Ask`; the `Answered` goes to `feed`, always, never from within the call."""

    def __init__(
        self,
        clock: Clock,
        records: Records,
        vault: Vault,
        speech: Speech,
        normalise: Callable[[str], str],
        contacts: Callable[[Ask], None],
        feed: Callable[[Answered], None],
    ) -> None:
        """`contacts` answers for itself."""
        self.pins: Mapping[AgentId, str] = {}
        self._clock = clock
        self._records = records
        self._vault = vault
        self._speech = speech
        self._normalise = normalise
        self._contacts = contacts
        self._feed = feed
        self._guard = PinGuard()
        self._tasks: set[asyncio.Task[None]] = set()

    def __call__(self, ask: Ask) -> None:
        """Begin to find the answer."""
        if isinstance(ask.what, NextContacts):
            self._contacts(ask)
            return
        if len(self._tasks) >= MOST_AT_ONCE:
            asyncio.get_running_loop().call_soon(self._feed, Answered(ask.question))
            return
        task = asyncio.get_running_loop().create_task(self._find(ask))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Drop what is being looked for."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _find(self, ask: Ask) -> None:
        value: AnswerValue = None
        try:
            async with asyncio.timeout(max(0.0, (ask.deadline - self._clock.now()) / 1e6)):
                value = await self._value(ask.what)
        except (TimeoutError, RecordsAwayError, SpeechError) as error:
            log.warning("no answer", question=type(ask.what).__name__, reason=str(error) or "too late")
        except Exception:
            # Whatever went wrong, the caller's step must go on; the fault is told in full.
            log.exception("a question failed", question=type(ask.what).__name__)
        self._feed(Answered(ask.question, value))

    def _value(self, what: AnyQuestion) -> Awaitable[AnswerValue]:
        match what:
            case LookUpCaller(number, create, name):
                return self._records.look_up_caller(number, create, name, self._clock.now())
            case CheckPin(agent, token):
                return self._check_pin(agent, token)
            case MatchSecret(token, pattern):
                return asyncio.to_thread(self._vault.matches, token, pattern)
            case Render(text, language):
                return self._speech.render(text, language)
            case NormaliseNumber(text):
                return asyncio.to_thread(self._normalise, text)
            case NextContacts():
                raise AssertionError("the campaigns' desk answers that")

    async def _check_pin(self, agent: AgentId, token: str) -> bool:
        pin = self._vault.reveal(token)
        self._vault.forget(token)
        if not self._guard.may_try(agent, self._clock.now()):
            log.warning("too many wrong PINs", agent=agent)
            return False
        is_right = await asyncio.to_thread(verify_secret, pin, self.pins.get(agent, ""))
        self._guard.tried(agent, self._clock.now(), is_right)
        return is_right
