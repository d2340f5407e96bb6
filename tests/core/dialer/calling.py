"""A small centre with a campaign, for tests: contacts by hand, a switch that is a list of events."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ccd.core.configuration import Campaign as Rules
from ccd.core.configuration import RetryRule
from ccd.core.dial_policy import DialPolicy, DialRule
from ccd.core.dialer import abandon
from ccd.core.dialer.campaign import Campaign
from ccd.core.flow.steps.do_not_call import DoNotCall
from ccd.core.flow.steps.hangup import Hangup
from ccd.core.flow.steps.menu import Menu
from ccd.core.flow.steps.queue import Queue as QueueStep
from ccd.model.campaign import Batch, CampaignAction, Contact
from ccd.model.command import Ask, Dial
from ccd.model.event import Answered, CampaignRequested
from ccd.model.fact import AttemptEnded
from ccd.model.ids import SECOND, CampaignId, ContactId, Endpoint, LegId, QueueId, RequestId
from ccd.model.question import NextContacts
from tests.core.centre import Centre, agent, configuration, flow, prompt, queue

SPRING = CampaignId("spring")
TRUNK = Endpoint("PJSIP/out")
HOUR = 3_600 * SECOND
PATIENCE = 2 * SECOND
CALL_FLOW = replace(
    flow(
        "campaign/spring",
        agent=QueueStep(
            "sales",
            priority=HOUR,
            max_wait=PATIENCE,
            on={"overflowed": "message", "no_agent": "message"},
            answer=False,
        ),
        message=Menu(prompt("sorry"), {"9": "opt_out"}, timeout=3 * SECOND, retries=0, otherwise="end"),
        opt_out=DoNotCall("global"),
        end=Hangup(),
    )
)
RETRY: Mapping[Any, RetryRule] = {
    "busy": RetryRule(300 * SECOND),
    "no_answer": RetryRule(HOUR, next_number=True),
    "lost": RetryRule(24 * HOUR),
    "abandoned": RetryRule(72 * HOUR),
}
CAP = abandon.Rules(spare=0)


def rules(**settings: Any) -> Rules:
    """Progressive, with what is set instead."""
    made = Rules(SPRING, "Spring", QueueId("sales"), CALL_FLOW, "progressive", cap=CAP, retry=RETRY)
    return replace(made, **settings)


def contact(name: str, **settings: Any) -> Contact:
    """One who may be dialled for a day."""
    settings.setdefault("callable_until", 1 << 60)
    return Contact(ContactId(name), f"+3461234{int(name[1:]):04d}", **settings)


class Calling(Centre):
    """The campaign `spring` and agents with the skill `sales`; what it asks for is given from `list`."""

    def __init__(self, campaign: Rules, agents: tuple[str, ...] = ("anna",), **settings: Any) -> None:
        self.list: list[Contact] = []
        flows = {"shop": flow("shop", wait=QueueStep("sales")), CALL_FLOW.name: CALL_FLOW}
        policy = DialPolicy((DialRule("all", "+34*", roles=("dialler",), trunk=TRUNK, outbound_cli="+34900"),))
        queues = (queue("sales", auto_answer=True, ring_time=5 * SECOND, wrap_up_time=10 * SECOND),)
        super().__init__(
            configuration(
                flows,
                queues,
                tuple(agent(name, sales=1) for name in agents),
                campaigns={SPRING: campaign},
                dial_policy=policy,
                **settings,
            )
        )
        for name in agents:
            self.log_in(name)

    @property
    def campaign(self) -> Campaign:
        """As it stands."""
        return self.engine.floor.campaigns[SPRING]

    def act(self, action: CampaignAction) -> str:
        """Start it, or what is said; returns the refusal."""
        self.requests += 1
        outcome = self.feed(CampaignRequested(RequestId(str(self.requests)), "test", SPRING, action), 1)
        refusal = next(command.refusal for command in outcome.commands if hasattr(command, "refusal"))
        self.give()
        return refusal

    def start(self, *contacts: Contact) -> None:
        """With these in the list."""
        self.list += contacts
        assert self.act("start") == ""

    def give(self) -> None:
        """Answer what was asked and not answered yet."""
        for ask in [one for one in self.commands if isinstance(one, Ask) and isinstance(one.what, NextContacts)]:
            if ask.question in self.engine.floor.askers:
                count = ask.what.count  # type: ignore[union-attr]
                given, self.list = tuple(self.list[:count]), self.list[count:]
                self.feed(Answered(ask.question, Batch(given)), 1)

    def lines(self) -> list[Dial]:
        """What was dialled outside."""
        return [dial for dial in self.dialled() if dial.number]

    def phones(self) -> list[Dial]:
        """The agents' phones that were rung."""
        return [dial for dial in self.dialled() if not dial.number]

    def connect(self, line: LegId) -> None:
        """Whoever was rung for it answers, and they are joined."""
        phone = self.phones()[-1].leg
        self.answer(phone)
        self.bridged(line, phone)

    def ended(self) -> AttemptEnded:
        """The last attempt that is over."""
        last: AttemptEnded = self.of(AttemptEnded)[-1]
        return last
