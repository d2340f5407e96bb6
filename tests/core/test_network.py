"""Names of phones and areas, and who reaches whom."""

import pytest

from ccd.core.network import FIRST, NOBODY_SAID, Network, area_of_phone, device_of
from ccd.model.ids import Endpoint, LegId, SwitchName

A, B, C = SwitchName("a"), SwitchName("b"), SwitchName("c")
TO_B, TO_C = Endpoint("PJSIP/to-b"), Endpoint("PJSIP/to-c")
THREE = Network({A: {B: TO_B, C: TO_C}, B: {A: Endpoint("gateway/to-a")}, C: {}})


@pytest.mark.parametrize(
    ("switch", "device", "whole"), [(A, "PJSIP/1", "PJSIP/1"), (B, "user/1", "b:user/1"), (C, "PJSIP/1", "c:PJSIP/1")]
)
def test_a_phone_has_its_switch_in_front_but_on_the_first(switch: SwitchName, device: str, whole: str) -> None:
    found = THREE.phone(switch, Endpoint(device))
    assert found == whole
    assert (area_of_phone(found), device_of(found)) == (THREE.area(switch), device)
    assert THREE.whole(found) == whole == THREE.whole(Endpoint(f"{switch}:{device}"))
    assert THREE.phone(switch, Endpoint("")) == ""


def test_areas_are_the_switches_and_the_first_has_no_name() -> None:
    assert THREE.areas() == (FIRST, B, C)
    assert [THREE.area_of_leg(LegId(f"{name}/boot/x/y")) for name in (A, B, C)] == [FIRST, B, C]
    assert [THREE.name(area) for area in THREE.areas()] == ["a", "b", "c"]


def test_one_switch_is_the_first_whatever_its_name() -> None:
    for alone in (NOBODY_SAID, Network({B: {}})):
        assert (alone.is_one, alone.areas()) == (True, (FIRST,))
        assert alone.area(A) == alone.area_of_leg(LegId("pbx/b1/1")) == FIRST
        assert alone.phone(A, TO_B) == TO_B
        assert alone.between() == frozenset()
    assert THREE.is_one is False


def test_trunks_by_area() -> None:
    assert (THREE.trunk(FIRST, B), THREE.trunk(B, FIRST)) == (TO_B, "gateway/to-a")
    assert THREE.trunk(B, C) == THREE.trunk(C, FIRST) == THREE.trunk(SwitchName("d"), B) == ""
    assert THREE.between() == {"PJSIP/to-b", "PJSIP/to-c", "b:gateway/to-a"}


def test_who_reaches_whom_as_things_stand() -> None:
    assert THREE.reach(lambda area: True, lambda trunk: False) == {FIRST: (FIRST, B, C), B: (B, FIRST), C: (C,)}
    assert THREE.reach(lambda area: area != B, lambda trunk: False) == {FIRST: (FIRST, C), C: (C,)}
    assert THREE.reach(lambda area: True, lambda trunk: trunk == TO_B)[FIRST] == (FIRST, C)
    assert THREE.reach(lambda area: True, lambda trunk: trunk == "b:gateway/to-a")[B] == (B,)
    assert NOBODY_SAID.reach(lambda area: False, lambda trunk: False) == {}
