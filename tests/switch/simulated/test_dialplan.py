"""What the simulated switch does without the daemon."""

from ccd.model import event as e
from ccd.model.ids import SECOND, LegId
from ccd.switch.simulated.people import Calls, HangsUp, Hears, HearsRinging, IsAnswered, Over, PicksUp, Rings, Talks
from ccd.switch.simulated.settings import Settings
from tests.switch.simulated.bench import ANNA, Bench

SETTINGS = Settings(emergency=("112",), fallback="sorry", sound_times={"sorry": 2 * SECOND})
PHONE, OUTSIDE = LegId("pbx/b1/p1"), LegId("pbx/b1/p1-out")


def test_an_emergency_call_is_none_of_the_daemons_business() -> None:
    bench = Bench(SETTINGS)
    bench.act(Calls(PHONE, "112", endpoint=ANNA))
    assert next(sight for sight in bench.sights if isinstance(sight, Rings)).number == "112"
    assert HearsRinging(PHONE) in bench.sights
    bench.act(PicksUp(OUTSIDE))
    assert bench.sights[-3:] == [IsAnswered(PHONE), Talks(PHONE, OUTSIDE), Talks(OUTSIDE, PHONE)]
    bench.act(HangsUp(PHONE))
    bench.wait()
    assert Over(OUTSIDE, 16) in bench.sights
    assert {type(event) for event in bench.events} == {e.SwitchUp, e.EndpointChanged}


def test_a_caller_whom_no_daemon_takes_hears_what_the_dialplan_says() -> None:
    bench = Bench(SETTINGS)
    bench.lose()
    leg = bench.arrive()
    bench.wait(5 * SECOND)
    assert not [sight for sight in bench.sights if isinstance(sight, Hears)]
    bench.wait(2 * SECOND)
    assert bench.sights[-2:] == [IsAnswered(leg), Hears(leg, until_digit=False, sounds=("sorry",))]
    bench.wait(2 * SECOND)
    assert bench.sights[-1] == Over(leg, 38)
    assert [event.leg for event in bench.connect() if isinstance(event, e.LegArrived)] == []


def test_a_caller_whom_the_daemon_knows_waits_on() -> None:
    bench = Bench(SETTINGS)
    bench.arrive()
    bench.lose()
    bench.wait(20 * SECOND)
    assert not [sight for sight in bench.sights if isinstance(sight, Hears)]
