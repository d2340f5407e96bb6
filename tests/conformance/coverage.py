"""Which scenarios show which verb and which feature, read from what they do and from their transcripts."""

import re
from collections.abc import Iterable, Sequence

from ccd.config.verb import VERBS
from ccd.core.configuration import FeatureCodes
from tests.conformance.difference import Differences
from tests.conformance.scenario import Scenario
from tests.conformance.switch import KINDS

CODES = FeatureCodes()
FEATURES: dict[str, str] = {
    "queue: answered": r"queue \w+: answered",
    "queue: abandoned": r"queue \w+: abandoned",
    "queue: overflowed": r"queue \w+: overflowed",
    "queue: no agent": r"queue \w+: no_agent",
    "queue: lost": r"queue \w+: lost",
    "offer: refused": r"offer to \w+: refused",
    "offer: busy": r"offer to \w+: busy",
    "offer: not answered in time": r"offer to \w+: expired",
    "offer: withdrawn": r"offer to \w+: withdrawn",
    "routing: higher level": r"has the higher level",
    "routing: least level": r"\d+, \d+ needed",
    "routing: longest idle": r"was idle longer",
    "routing: who became free": r"became free, and of all callers",
    "old place kept": r"in the old place",
    "missed too many, paused": r"paused: missed",
    "phone without network": r"phone unreachable",
    "wrap-up": r"^  wrap_up",
    "ringing before the answer": r"calls 4930\d+\n  hears that it rings\n  is answered",
    "keys break into a prompt": r"the beginning of choices\n  presses",
    "keys typed ahead": r"hello\n  presses 1987\n  hears bye",
    "music": r"hears music",
    "announcement in the queue": r"hears the beginning of patience",
    "dial policy": r"may not dial",
    "not a number": r"nothing \(transfer\): failed",
    "call out, number shown": r"rings, showing \+34910000001",
    "call to a colleague": r"dials \w+, as colleague",
    "blind transfer": r"sends the caller to",
    "hold by the phone": r"holds the caller",
    "emergency": r"calls 112",
    "recording": r"recording \(always\): sound",
    "recording: announced": r"hears notice\n",
    "recording: pause": r"silence by",
    "recording: on demand": r"recording \(on_demand\)",
    "recording: declined": r"not recorded: caller declined",
    "message": r"message in \w+: sound",
    "secret digits": r"card \(collect\)",
    "caller's record": r"caller's record of",
    "supervisor": r"^supervisor ",
    f"dial `{CODES.log_in}`: log in": rf"calls {re.escape(CODES.log_in)}$",
    f"dial `{CODES.log_out}`: log out": rf"calls {re.escape(CODES.log_out)}$",
    f"dial `{CODES.pause}`: pause": rf"calls {re.escape(CODES.pause)}$",
    f"dial `{CODES.pause}2`: pause with a reason": rf"calls {re.escape(CODES.pause)}2$",
    f"dial `{CODES.unpause}`: ready": rf"calls {re.escape(CODES.unpause)}$",
    f"press `{CODES.record}`: record": rf"presses {re.escape(CODES.record)}$",
    f"press `{CODES.pause_recording}`: pause the recording": rf"presses {re.escape(CODES.pause_recording)}$",
    "back to the dialplan": r"\(transfer\): handed_back",
    "fallback without the daemon": r"hears speech",
    "daemon killed": r"^daemon dies",
    "link cut": r"^link is cut",
    "switch started again": r"^switch is restarted",
}
"""How a feature shows, in the script's lines or the transcript."""


def shown_by(scenarios: Sequence[Scenario]) -> dict[str, list[str]]:
    """The scenarios of each verb, in backticks, and of each feature."""
    texts = {one.name: "\n".join((*(line.text for line in one.script), one.golden.read_text())) for one in scenarios}
    wanted = {f"`{verb}`": rf" \({verb}\)" for verb in VERBS} | FEATURES
    return {
        what: [name for name, text in texts.items() if re.search(pattern, text, re.MULTILINE)]
        for what, pattern in wanted.items()
    }


def table(scenarios: Sequence[Scenario], differences: Differences) -> list[str]:
    """The README's table: verbs and features by switch."""
    rows = ["| verb, feature | scenarios | " + " | ".join(KINDS) + " |", "|---" * (2 + len(KINDS)) + "|"]
    for what, names in shown_by(scenarios).items():
        cells = [cell(names, switch, differences) for switch in KINDS]
        rows.append(f"| {what} | {len(names)} | " + " | ".join(cells) + " |")
    return rows


def cell(names: Iterable[str], switch: str, differences: Differences) -> str:
    """One word."""
    differ = [name for name in names if (name, switch) in differences]
    return f"differs in {', '.join(differ)}" if differ else "same"
