"""When a talk ended that nobody saw end: while no daemon ran, the link was away, or the loop stood still."""

import pytest

from ccd.daemon.absence import IN_SIGHT, TOLD_WITHIN, UNWRITTEN, Absence
from ccd.model.command import Bridge
from ccd.model.event import AnyEvent, SwitchDown, SwitchUp, TimePassed, TimersHeld, TimersReleased
from ccd.model.ids import SECOND, LegId, Length, Moment, RecordingId, SwitchName
from ccd.model.standing import LegStanding

PBX, OTHER_PBX = SwitchName("pbx"), SwitchName("other")
CUSTOMER, AGENT = LegId("pbx/b1/1.1"), LegId("pbx/b1/a1")
TALK = RecordingId("7-talk")
TALKING = LegStanding(
    leg=CUSTOMER, is_dialled=False, is_answered=True, is_joined=True, bridged_with=AGENT, recording=TALK
)
JOINING = LegStanding(leg=CUSTOMER, is_dialled=False, is_answered=True, recording=TALK, due=(Bridge(CUSTOMER, AGENT),))
WAITING = LegStanding(leg=CUSTOMER, is_dialled=False, is_answered=True, recording=TALK)
UNRECORDED = LegStanding(leg=CUSTOMER, is_dialled=False, is_answered=True, is_joined=True, bridged_with=AGENT)
DOWN, UP = SwitchDown(PBX, "silent"), SwitchUp(PBX, "b1")


class House:
    """A talk since 90 s, whose recording was last written to at 100 s; it is 110 s when the absence is over."""

    def __init__(self, standing: LegStanding = TALKING) -> None:
        self.now: Moment = 95 * SECOND
        self.written: Moment = 100 * SECOND
        self.length: Length = 10 * SECOND
        self.absence = Absence(lambda: [standing], lambda recording: (self.written, self.length), lambda: self.now)

    def missed(self, begin: AnyEvent = DOWN, end: AnyEvent = UP) -> None:
        self.absence.noted(begin)
        self.now = 110 * SECOND
        self.absence.noted(end)

    def told(self, leg: LegId = CUSTOMER) -> Moment:
        return self.absence.end_of_talk(leg, 90 * SECOND)


@pytest.mark.parametrize(("begin", "end"), [(DOWN, UP), (TimersHeld(), TimersReleased()), (TimersHeld(), UP)])
def test_a_talk_ended_at_the_last_sound_of_its_recording(begin: AnyEvent, end: AnyEvent) -> None:
    house = House()
    house.missed(begin, end)
    assert house.told(CUSTOMER) == house.told(AGENT) == 100 * SECOND + UNWRITTEN
    assert house.told(CUSTOMER) == 0, "it is told once"


def test_who_is_gone_is_told_before_the_switch_is_up() -> None:
    house = House()
    house.absence.noted(DOWN)
    house.now = 110 * SECOND
    assert house.told() == 100 * SECOND + UNWRITTEN


def test_one_that_was_about_to_begin_may_have_ended_too() -> None:
    house = House(JOINING)
    house.missed()
    assert house.told(CUSTOMER) == house.told(AGENT) == 100 * SECOND + UNWRITTEN


@pytest.mark.parametrize("standing", [WAITING, UNRECORDED])
def test_without_a_recording_or_a_talk_nothing_is_known(standing: LegStanding) -> None:
    house = House(standing)
    house.missed()
    assert house.told(CUSTOMER) == house.told(AGENT) == 0


def test_one_that_ends_in_our_sight_is_told_in_time() -> None:
    house = House()
    house.missed()
    house.written = house.now - IN_SIGHT
    assert house.told() == 0


def test_one_that_ends_later_is_told_in_time_whatever_its_file_says() -> None:
    house = House()
    house.missed()
    house.now += TOLD_WITHIN + 1
    assert house.told() == 0


def test_a_file_that_was_closed_later_tells_by_its_length() -> None:
    house = House()
    house.missed()
    house.length = 6 * SECOND
    assert house.told() == 96 * SECOND


def test_a_length_of_earlier_talks_too_tells_nothing() -> None:
    house = House()
    house.missed()
    house.length = 60 * SECOND
    assert house.told() == 100 * SECOND + UNWRITTEN


def test_no_file_tells_nothing() -> None:
    house = House()
    house.missed()
    house.written = 0
    assert house.told() == 0


def test_nothing_is_missed_while_everything_is_there_or_another_link_is_away() -> None:
    house = House()
    house.now = 110 * SECOND
    assert house.told() == 0
    house.missed(SwitchDown(OTHER_PBX, "silent"), SwitchUp(OTHER_PBX, "b1"))
    assert house.told() == 0


def test_an_absence_that_is_over_elsewhere_goes_on_here() -> None:
    house = House()
    house.missed(DOWN, SwitchUp(OTHER_PBX, "b1"))
    house.now += 60 * SECOND
    assert house.told() == 100 * SECOND + UNWRITTEN


@pytest.mark.parametrize(("heard_at", "expected"), [(99, 100), (104, 104)])
def test_phones_that_send_nothing_do_not_end_a_talk_that_was_seen(heard_at: int, expected: int) -> None:
    house = House()
    house.missed(SwitchDown(PBX, "closed by peer", heard_at * SECOND))
    assert house.told() == expected * SECOND + (UNWRITTEN if expected == 100 else 0)


def test_a_loop_that_stood_still_had_looked_until_its_last_input() -> None:
    house = House()
    house.now = 104 * SECOND
    house.absence.noted(TimePassed())
    house.missed(TimersHeld(), TimersReleased())
    assert house.told() == 104 * SECOND


def test_a_daemon_that_begins_knows_until_when_the_former_one_looked() -> None:
    house = House()
    house.absence.noted(TimersHeld())
    house.missed(SwitchDown(PBX, "the daemon began anew", 104 * SECOND))
    assert house.told() == 104 * SECOND


def test_while_a_link_is_away_nobody_looks_whatever_else_comes_in() -> None:
    house = House()
    house.absence.noted(SwitchDown(PBX, "silent", 98 * SECOND))
    house.now = 105 * SECOND
    house.absence.noted(TimePassed())
    house.missed(TimersHeld(), UP)
    assert house.told() == 100 * SECOND + UNWRITTEN


def test_the_next_absence_is_another() -> None:
    house = House()
    house.missed(SwitchDown(PBX, "cut", 96 * SECOND))
    house.absence.noted(SwitchDown(PBX, "cut", 109 * SECOND))
    house.now = 115 * SECOND
    assert house.told() == 109 * SECOND
