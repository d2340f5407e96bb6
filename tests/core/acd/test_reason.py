"""The plain reading of the facts: who was there, why not he, and whether the choice was right."""

from ccd.core.acd.reason import Explained, Reasons
from ccd.model.cdr import Candidate, Explanation
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


def test_an_explanation_word_by_word() -> None:
    made = reasons()
    change(made, "anna", "wrap_up", 5, reason="c9")
    change(made, "bert", "ready", 50)
    explained = offer(made, "bert")
    assert explained == Explained(
        explained.offer,
        Explanation(
            (
                Candidate(AgentId("bert"), (2,), 50, ""),
                Candidate(AgentId("carla"), (3,), 0, "logged out"),
                Candidate(AgentId("anna"), (3,), 5, "wrap up"),
                Candidate(AgentId("dan"), (1,), 0, "sales 1, 2 needed"),
            )
        ),
        True,
    )
    assert explained.offer.agent == "bert"


def test_who_is_free_comes_first_then_who_is_fit_by_levels_then_the_others() -> None:
    made = reasons()
    change(made, "carla", "paused", 1)
    change(made, "bert", "ready", 9)
    change(made, "dan", "ready", 2)
    assert list(refusals(offer(made, "bert"))) == ["bert", "anna", "carla", "dan"]


def test_a_skill_that_an_agent_lacks_counts_as_none_of_it() -> None:
    made = Reasons()
    rules = queue("sales", requires=(("sales", 1), ("english", 2)))
    made.configure({rules.id: rules}, {AgentId("anna"): agent("anna", sales=3)})
    (candidate,) = offer(made, "anna").explanation.candidates
    assert (candidate.levels, candidate.refusal) == ((3, 0), "english 0, 2 needed")


def test_a_phone_of_which_nothing_was_told_is_away() -> None:
    made = reasons()
    made.apply(AgentChanged(AgentId("bert"), "logged_out", "ready", "", Endpoint("PJSIP/desk"), 0), 0)
    assert refusals(offer(made, "bert"))["bert"] == "phone unreachable"


def test_who_took_an_offer_stands_as_he_stood() -> None:
    made = reasons()
    change(made, "anna", "talking")
    made.apply(OfferEnded(OfferId("o"), CallId("c"), AgentId("anna"), "accepted"), 100)
    assert refusals(offer(made, "bert"))["anna"] == "talking"


def test_of_an_agent_never_heard_of_the_end_of_an_offer_is_taken() -> None:
    made = reasons()
    made.apply(OfferEnded(OfferId("o"), CallId("c"), AgentId("carla"), "expired"), 100)
    assert refusals(offer(made, "bert"))["carla"] == "expired"


def test_an_agent_who_became_free_need_not_be_the_best_but_free() -> None:
    for name, state, right in (("bert", "ready", True), ("bert", "paused", False), ("dan", "ready", False)):
        made = reasons()
        change(made, "anna", "ready", 10)
        change(made, name, state, 20)  # type: ignore[arg-type]
        fact = OfferMade(OfferId("o"), CallId("c"), QueueId("sales"), AgentId(name), LegId("l"), 0, "agent")
        explained = made.apply(fact, 100)
        assert explained is not None
        assert explained.is_best is right


def test_before_any_rules_nothing_is_explained() -> None:
    fact = OfferMade(OfferId("o"), CallId("c"), QueueId("sales"), AgentId("anna"), LegId("l"), 0, "caller")
    assert Reasons().apply(fact, 0) is None
    made = Reasons()
    made.configure({QueueId("sales"): queue("sales")}, {})
    explained = made.apply(fact, 0)
    assert explained == Explained(fact, Explanation(()), False)


def test_a_long_list_of_candidates_is_cut() -> None:
    made = Reasons()
    made.configure({QueueId("sales"): queue("sales")}, {AgentId(f"a{n}"): agent(f"a{n}", sales=1) for n in range(60)})
    assert len(offer(made, "a1").explanation.candidates) == 50
