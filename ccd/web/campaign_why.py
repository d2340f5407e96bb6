"""Why a campaign dials so many and no more, in plain words, from its numbers alone."""

from collections.abc import Sequence

from msgspec.structs import replace

from ccd.model.campaign import Decision
from ccd.model.campaign_view import CampaignView, CampaignWhy, CapView, ChangeView, PlacedView

LAWS = {"us": "US", "uk": "UK"}


def campaign_why(campaign: CampaignView, placed: Sequence[PlacedView], changes: Sequence[ChangeView]) -> CampaignWhy:
    """The campaign now, its last decisions and changes, each with its reason in words."""
    said = tuple(replace(one, said=_placed(one)) for one in placed)
    return CampaignWhy(campaign, tuple(_now(campaign)), said, tuple(changes))


def _now(campaign: CampaignView) -> list[str]:
    lines = [f"It dials nothing: {campaign.hindrance}." if campaign.hindrance else "Nothing keeps it from dialling."]
    lines.append(_cap(campaign.cap))
    if campaign.decision is not None:
        lines.append(decision_said(campaign.decision))
    full = [one.trunk for one in campaign.trunks if one.most_calls and one.calls >= one.most_calls]
    if full:
        lines.append(f"Trunks with no line left: {', '.join(full)}.")
    return lines


def _cap(cap: CapView) -> str:
    mode = "in the hard mode" if cap.is_hard else "as a target"
    if not cap.live:
        return f"No live answers in this period yet; at most {percent(cap.target)} may be abandoned, {mode}."
    return (
        f"{cap.abandoned} of {cap.live} live answers of this period were abandoned, by the {LAWS[cap.law]} definition "
        f"{percent(cap.share)}; at most {percent(cap.target)} may be, {mode}. {_surplus(cap.surplus)}"
    )


def _surplus(surplus: float) -> str:
    if surplus < 0:
        return f"That is {-surplus:.1f} too many so far."
    return f"{surplus:.1f} more would still be within it."


def _placed(one: PlacedView) -> str:
    said = decision_said(one.decision)
    if one.allowed < one.decision.calls_to_place:
        said += f" The cap left {one.allowed} of them."
    return said


def decision_said(decision: Decision) -> str:
    """A decision: who is there, what is expected, how many that makes and what ended the counting."""
    busy = f"{decision.talking} in talk, {decision.wrapping_up} in wrap-up"
    free = f"{decision.free} agents free" if decision.free >= 0 else f"{-decision.free} answered calls without an agent"
    parts = [f"{free}, {busy}, {decision.ringing} lines ringing."]
    if decision.answer_rate:
        doubt = f" (give or take {100 * decision.answer_rate_error:.1f})" if decision.answer_rate_error else ""
        parts.append(f"Of 100 dials {100 * decision.answer_rate:.1f} are answered by a person{doubt}.")
    if decision.limit:
        side = "over" if decision.chance > decision.limit else "within"
        parts.append(
            f"The next line would leave somebody without an agent with a chance of {percent(decision.chance)}, {side} "
            f"the limit of {percent(decision.limit)}."
        )
    count = decision.calls_to_place
    parts.append(f"So {'no call' if not count else '1 call' if count == 1 else f'{count} calls'}: {decision.reason}.")
    return " ".join(parts)


def percent(share: float) -> str:
    """`2.75 %`; whole ones without zeros."""
    return f"{100 * share:.2f}".rstrip("0").rstrip(".") + " %"
