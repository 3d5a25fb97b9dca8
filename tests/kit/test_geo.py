"""What a phone's map calls a place, and where that is."""

import coordTransform
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.kit.geo import CoordinateSystem, Point, in_wgs84, metres_between

IN_CHINA = st.builds(Point, longitude=st.floats(98.0, 122.5), latitude=st.floats(23.0, 42.0))
ABROAD = st.builds(Point, longitude=st.floats(-180, 70), latitude=st.floats(-85, 85))
OBFUSCATED = {
    CoordinateSystem.GCJ02: coordTransform.wgs84_to_gcj02,
    CoordinateSystem.BD09: coordTransform.wgs84_to_bd09,
}


@pytest.mark.row("C2")
@pytest.mark.parametrize("system", OBFUSCATED)
@given(point=IN_CHINA)
def test_a_place_in_china_is_found_within_a_few_steps_whatever_map_named_it(system, point):
    longitude, latitude = OBFUSCATED[system](point.longitude, point.latitude)
    told = Point(longitude=longitude, latitude=latitude)

    assert metres_between(in_wgs84(told, system), point) <= 5
    assert metres_between(told, point) > 20


@pytest.mark.row("C2")
@given(point=ABROAD)
def test_abroad_gcj_02_is_the_world_s_own(point):
    assert in_wgs84(point, CoordinateSystem.GCJ02) == point
