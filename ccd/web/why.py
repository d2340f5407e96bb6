"""Why an agent was offered a call and not another, in plain words, from the record alone."""

from collections.abc import Mapping

from ccd.model.cdr import Candidate, Cdr, Offer, ShadowRemark
from ccd.model.ids import SECOND, Length, QueueId
from ccd.model.view import OfferReason, Why

Requires = tuple[tuple[str, int], ...]


def why(call: Cdr, requires: Mapping[QueueId, Requires]) -> Why:
    """The record and a reason an offer; `requires` names the skills of the queues as they are now."""
    return Why(call, tuple(_reason(offer, requires.get(offer.queue, ())) for offer in call.offers))


def _reason(offer: Offer, requires: Requires) -> OfferReason:
    candidates = offer.explanation.candidates if offer.explanation else ()
    skills = tuple(skill for skill, _ in requires)
    return OfferReason(
        offer=offer.offer,
        agent=offer.agent,
        queue=offer.queue,
        made_at=offer.made_at,
        outcome=offer.outcome or "ringing",
        reason=f"{_trigger(offer)} {_choice(offer, candidates, skills)}".strip(),
        skills=skills,
        candidates=candidates,
        shadow=_shadow(offer.explanation.shadow) if offer.explanation and offer.explanation.shadow else "",
    )


def _shadow(remark: ShadowRemark) -> str:
    """A clause: what it would have done."""
    match remark.result:
        case "same":
            return "The shadow policy would have done the same."
        case "no_queue":
            return "The shadow policy has no such queue."
        case "nobody":
            return "The shadow policy would have let the caller wait."
    return f"The shadow policy would have offered it to {remark.would}."


def _trigger(offer: Offer) -> str:
    if offer.trigger == "agent":
        return f"{offer.agent} became free, and of all callers he may serve this one came first."
    return "The caller came while agents were free."


def _choice(offer: Offer, candidates: tuple[Candidate, ...], skills: tuple[str, ...]) -> str:
    """Against the best of the others; empty where the candidates are not in the record."""
    chosen = next((one for one in candidates if one.agent == offer.agent), None)
    if chosen is None:
        return ""
    others = [one for one in candidates if one.agent != offer.agent]
    free = [one for one in others if not one.refusal]
    if not free:
        rest = f"; the {len(others)} others could not" if others else ""
        return f"{offer.agent} was the only agent who could take the call{rest}."
    return _against(chosen, free[0], offer, skills)


def _against(chosen: Candidate, other: Candidate, offer: Offer, skills: tuple[str, ...]) -> str:
    for place, (mine, his) in enumerate(zip(chosen.levels, other.levels, strict=False)):
        if mine != his:
            skill = skills[place] if place < len(skills) else f"skill {place + 1}"
            word = "higher" if mine > his else "lower"
            return f"{chosen.agent} has the {word} level in {skill}: {mine} against {his} of {other.agent}."
    mine, his = offer.made_at - chosen.idle_since, offer.made_at - other.idle_since
    if mine == his:
        return f"{chosen.agent} and {other.agent} have the same levels and idle time; the order of ids decided."
    word = "longer" if mine > his else "shorter"
    return f"Same levels; {chosen.agent} was idle {word}: {_told(mine)} against {_told(his)} of {other.agent}."


def _told(length: Length) -> str:
    seconds = length / SECOND
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
