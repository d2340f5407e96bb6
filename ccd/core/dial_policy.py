"""Which numbers may be dialled, by whom, through which trunk: one place, fail closed."""

import re
from dataclasses import dataclass
from functools import lru_cache

from ccd.core.network import FIRST, area_of_phone
from ccd.model.ids import Endpoint, SwitchName

E164 = re.compile(r"\+[1-9][0-9]{5,14}\Z", re.ASCII)


@dataclass(frozen=True)
class DialRule:
    """One line of the policy: a number that matches `pattern` may be dialled by `roles`, or (`allow` false) may not.

    The pattern is E.164 with `X` for one digit and a last `*` for any rest: `+34*`, `+349XXXXXXXX`.
    """

    name: str
    pattern: str
    allow: bool = True
    roles: tuple[str, ...] = ("agent", "supervisor", "admin", "flow")
    trunk: Endpoint = Endpoint("")
    outbound_cli: str = ""


@dataclass(frozen=True)
class DialPolicy:
    """Rules in order, the first that matches decides; none: forbidden. `emergency` numbers never pass ccd."""

    rules: tuple[DialRule, ...] = ()
    emergency: tuple[str, ...] = ()


@dataclass(frozen=True)
class DialDecision:
    """`why` names the rule or the reason; trunk and outbound_cli are set when it is allowed."""

    allowed: bool
    why: str
    trunk: Endpoint = Endpoint("")
    outbound_cli: str = ""


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> re.Pattern[str]:
    """The rule's pattern as a regular expression."""
    rest = pattern.endswith("*")
    body = re.escape(pattern.removesuffix("*")).replace("X", "[0-9]")
    return re.compile(body + (r"[0-9]*\Z" if rest else r"\Z"), re.ASCII)


def is_emergency(policy: DialPolicy, number: str) -> bool:
    """Whether it is an emergency number, as it is dialled or behind a country's code (`+353112`)."""
    behind_a_code = range(len("+1"), len("+353") + 1)
    return number in policy.emergency or any(
        number.endswith(own) and len(number) - len(own) in behind_a_code for own in policy.emergency
    )


def decide(policy: DialPolicy, role: str, number: str, area: SwitchName = FIRST) -> DialDecision:
    """Whether `role` may have the switch of the area dial `number`; anything but plain E.164 is forbidden. A rule that
    allows is for calls on the switch that its trunk is on.
    """
    if is_emergency(policy, number):
        return DialDecision(False, "emergency numbers never pass ccd")
    if not E164.match(number):
        return DialDecision(False, "not a number in E.164")
    for rule in policy.rules:
        if not compiled(rule.pattern).match(number) or (rule.allow and area_of_phone(rule.trunk) != area):
            continue
        if not rule.allow:
            return DialDecision(False, f"rule {rule.name} forbids it")
        if role in rule.roles:
            return DialDecision(True, f"rule {rule.name}", rule.trunk, rule.outbound_cli)
    return DialDecision(False, f"no rule allows it for role {role}")
