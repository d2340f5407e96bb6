"""The flow that a campaign's answered calls go through, made of its settings: an agent, else the law's message."""

import hashlib
from collections.abc import Mapping

from ccd.config import phrase
from ccd.config.campaign import CampaignSection
from ccd.config.scope import Scope
from ccd.config.site import in_all_languages
from ccd.core.flow.flow import Flow, Step
from ccd.core.flow.prompt import Prompt
from ccd.core.flow.steps.do_not_call import DoNotCall
from ccd.core.flow.steps.hangup import Hangup
from ccd.core.flow.steps.menu import Menu
from ccd.core.flow.steps.play import Play
from ccd.core.flow.steps.queue import Queue
from ccd.model.ids import SECOND, Length

HEAD_START: Length = 3_600 * SECOND
"""Before all callers of the queue: who was called must not wait."""
KEY_TIME: Length = 3 * SECOND
"""For the opt-out key after the message."""
MACHINE = "machine"
KEYS = "0123456789*#"


def flow_name(campaign: str) -> str:
    """No flow of the site's own is called so: a `/` is in none of their names."""
    return f"campaign/{campaign}"


def campaign_flow(name: str, section: CampaignSection, scope: Scope) -> Flow:
    """Its steps are `agent`, `message`, `opt_out`, `opted_out`, `machine` and `end`, as far as they are needed."""
    steps: dict[str, Step] = {}
    after_message = "message" if section.message else "end"
    steps["agent"] = Queue(
        section.queue,
        priority=HEAD_START,
        max_wait=section.abandon.patience,
        on={"overflowed": after_message, "no_agent": after_message},
        answer=False,
    )
    if section.message is not None:
        steps |= message_steps(section, section.message, scope)
    if section.machines.message is not None:
        steps[MACHINE] = Play(section.machines.message)
    steps["end"] = Hangup()
    following = {step: "end" for step in steps if step != "end"} | {"opt_out": "opted_out"}
    following = {step: after for step, after in following.items() if step in steps}
    version = hashlib.sha256(repr((steps, following)).encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return Flow(flow_name(name), version, "agent", steps, following)


def message_steps(section: CampaignSection, message: Prompt, scope: Scope) -> Mapping[str, Step]:
    """The message with its key: another key begins it anew, so that nobody gets around it by mistake."""
    if not section.opt_out_key:
        return {"message": Play(message)}
    keys = dict.fromkeys(KEYS, "message") | {section.opt_out_key: "opt_out"}
    return {
        "message": Menu(message, keys, timeout=KEY_TIME, retries=0, otherwise="end"),
        "opt_out": DoNotCall(section.opt_out_list or section.own_list()),
        "opted_out": Play(section.opt_out_message or in_all_languages(phrase.OPTED_OUT, scope)),
    }
