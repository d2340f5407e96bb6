"""The plain reading of the facts: who was there, why not he, and whether the choice was right."""

from ccd.core.acd.reason import Explained, Reasons
from ccd.model.fact import AgentChanged, AgentState, EndpointNoted, OfferEnded, OfferMade
from ccd.model.ids import AgentId, CallId, Endpoint, LegId, OfferId, QueueId
from tests.core.centre import agent, queue


def reasons() -> Reasons:
    """Four agents; all phones are idle."""
    made = Reasons()
    agents = [agent("anna", sales=3), agent("bert", sales=2), agent("carla", sales=3), agent("dan", sales=1)]
    rules = queue("sales", requires=(("sales", 2),))
    made.configure({rules.id: rules}, {one.id: one for one in agents})
    for one in agents:
        made.apply(EndpointNoted(one.endpoint, "idle"), 0)
    return made


def change(
    made: Reasons, name: str, state: AgentState, idle_since: int = 0, back_off: int = 0, reason: str = ""
) -> None:
    """An agent's state."""
    endpoint = Endpoint(f"PJSIP/{name}")
    made.apply(AgentChanged(AgentId(name), "ready", state, reason, endpoint, idle_since, back_off), 0)


def offer(made: Reasons, name: str, at: int = 100) -> Explained:
    """An offer to the agent, explained."""
    fact = OfferMade(OfferId("o"), CallId("c"), QueueId("sales"), AgentId(name), LegId("l"), 0, "caller")
    explained = made.apply(fact, at)
    assert explained is not None
    return explained


def refusals(explained: Explained) -> dict[str, str]:
    """Candidate to why not he, in order."""
    return {candidate.agent: candidate.refusal for candidate in explained.explanation.candidates}


def test_best_first_and_every_refusal_in_words() -> None:
    made = reasons()
    change(made, "anna", "paused", reason="lunch")
    change(made, "bert", "ready", 50)
    change(made, "carla", "ready", 10)
    made.apply(EndpointNoted(Endpoint("PJSIP/carla"), "in_use"), 0)
    explained = offer(made, "bert")
    assert explained.is_best
    assert refusals(explained) == {
        "bert": "",
        "anna": "paused: lunch",
        "carla": "phone in use",
        "dan": "sales 1, 2 needed",
    }


def test_back_off_ends() -> None:
    made = reasons()
    change(made, "bert", "ready", back_off=100)
    assert refusals(offer(made, "bert", at=99))["bert"] == "backs off after a missed offer"
    assert offer(made, "bert", at=100).is_best


def test_a_wrong_choice_is_found_out() -> None:
    made = reasons()
    for name, idle_since in (("anna", 30), ("carla", 20), ("bert", 10)):
        change(made, name, "ready", idle_since)
    assert [offer(made, name).is_best for name in ("carla", "anna", "bert", "dan")] == [True, False, False, False]


def test_queue_that_nobody_configured_explains_nothing() -> None:
    fact = OfferMade(OfferId("o"), CallId("c"), QueueId("other"), AgentId("anna"), LegId("l"), 0, "caller")
    assert reasons().apply(fact, 0) is None


def test_who_has_just_refused_did_so() -> None:
    made = reasons()
    change(made, "anna", "offered")
    change(made, "bert", "ready")
    made.apply(OfferEnded(OfferId("o"), CallId("c"), AgentId("anna"), "refused"), 100)
    assert refusals(offer(made, "bert"))["anna"] == "refused"
    change(made, "anna", "ready", back_off=200)
    assert refusals(offer(made, "bert"))["anna"] == "backs off after a missed offer"
