"""What is found done after a login was done since the switch was last seen."""

from ccd.model.ids import SECOND
from ccd.switch.sight import Sight

NOW = 1_000 * SECOND


def test_a_session_that_was_up_was_seen_until_its_last_word() -> None:
    sight = Sight()
    sight.came_up(NOW)
    sight.heard_at = NOW + 5 * SECOND
    assert sight.lost(was_up=True) == NOW + 5 * SECOND
    assert sight.until == NOW + 5 * SECOND


def test_a_session_that_never_came_up_saw_nothing() -> None:
    sight = Sight()
    sight.recalled(NOW)
    sight.heard_at = NOW + 9 * SECOND
    assert sight.lost(was_up=False) == 0
    assert sight.until == NOW, "the former driver's moment holds"


def test_what_is_found_right_after_a_login_may_be_old() -> None:
    sight = Sight()
    sight.recalled(NOW)
    sight.came_up(NOW + 10 * SECOND)
    assert sight.unseen_since(NOW + 10 * SECOND) == NOW
    assert sight.unseen_since(NOW + 12 * SECOND) == 0
