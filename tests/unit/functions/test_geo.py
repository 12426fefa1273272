from collections.abc import Callable
from typing import Any

import pytest

from asaql.functions import FunctionError, function_named
from asaql.model import Value

ValueOf = Callable[..., Value]
SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]]}


def point(longitude: float, latitude: float) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [longitude, latitude]}


def test_the_distance_of_points_is_geodesic(value_of: ValueOf) -> None:
    distance = value_of("ST_DISTANCE(CreatePoint(-5.0, -5.0), CreatePoint(0.0, 0.0))")
    assert distance == pytest.approx(784028.74077501823, abs=1e-3)


def test_the_distance_to_a_polygon_is_that_to_its_nearest_edge() -> None:
    distance = function_named("ST_DISTANCE").scalar
    assert distance(point(5, 5), SQUARE) == 0.0
    assert distance(point(11, 0), SQUARE) == pytest.approx(distance(point(11, 0), point(10, 0)))
    assert distance(point(11, 5), SQUARE) == pytest.approx(distance(point(11, 5), point(10, 5)), rel=1e-3)


@pytest.mark.parametrize(("longitude", "latitude", "within"), [(5, 5, 1), (15, 5, 0), (0, 5, 0), (10, 10, 0)])
def test_a_point_on_the_boundary_is_not_within(longitude: float, latitude: float, within: int) -> None:
    assert function_named("ST_WITHIN").scalar(point(longitude, latitude), SQUARE) == within


def test_well_known_text_is_taken_from_level_1_2_on() -> None:
    text = "polygon((0 0, 10 0, 10 10, 0 10, 0 0), (4 4, 6 4, 6 6, 4 6, 4 4))"
    assert function_named("ST_WITHIN").scalar("POINT(2.5e0 2)", text) == 1
    assert function_named("ST_WITHIN").scalar("POINT(5 5)", text) == 0
    with pytest.raises(FunctionError, match="a record value in GeoJSON format"):
        function_named("ST_WITHIN (level 1.0)").scalar("POINT(2 2)", text)
    assert function_named("ST_WITHIN (level 1.0)").scalar(point(2, 2), SQUARE) == 1


@pytest.mark.parametrize(
    "shape",
    [
        5,
        {},
        "POINT (1)",
        "CIRCLE (1 1)",
        {"type": "Point", "coordinates": ["1", 2]},
        {"type": "Point", "coordinates": [200, 2]},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1]]]},
        {"type": "LineString", "coordinates": [[0, 0]]},
    ],
)
def test_what_is_no_shape_fails(shape: Value) -> None:
    with pytest.raises(FunctionError):
        function_named("ST_WITHIN").scalar(shape, SQUARE)


@pytest.mark.parametrize(
    "expression",
    [
        "CreatePoint(91, 0)",
        "CreateLineString(CreatePoint(1, 1), CreatePoint(1, 1))",
        "CreateLineString(CreatePoint(1, 1), CreatePoint(2, 2), CreatePoint(1, 1))",
        "CreatePolygon(CreatePoint(0, 0), CreatePoint(0, 1), CreatePoint(1, 1), CreatePoint(1, 0))",
        "CreatePolygon(CreatePoint(0, 0), CreatePoint(0, 1), CreatePoint(0, 1), CreatePoint(0, 0))",
    ],
)
def test_points_that_make_no_shape_fail(expression: str, value_of: ValueOf) -> None:
    with pytest.raises(FunctionError):
        value_of(expression)
