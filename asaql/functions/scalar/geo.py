"""Geospatial functions."""

from collections.abc import Callable

from asaql.functions.registry import Example, Function, FunctionError, Parameter, Scalar, register
from asaql.functions.scalar.geography import Position, Shape, as_shape, distance, relate
from asaql.functions.scalar.types import as_float, describe
from asaql.model import Value

BEFORE_LEVEL_12 = " (level 1.0)"
"""Ends the name of a relation as it is below compatibility level 1.2: it takes no WKT text."""


def _create_point(latitude: Value, longitude: Value) -> Value:
    y, x = as_float(latitude, "CreatePoint"), as_float(longitude, "CreatePoint")
    if not (abs(x) <= 180 and abs(y) <= 90):
        message = f"CreatePoint takes a latitude of -90 to 90 and a longitude of -180 to 180, not {y} and {x}"
        raise FunctionError(message, "AQ306")
    return {"type": "Point", "coordinates": [x, y]}


def _create_line(*points: Value) -> Value:
    positions = [_point(each, "CreateLineString") for each in points]
    if len(set(positions)) < 2:
        message = "CreateLineString needs two different points"
        raise FunctionError(message, "AQ306")
    if any(one == other for one, other in zip(positions, positions[2:], strict=False)):
        message = "a line string of CreateLineString must not run back over itself"
        raise FunctionError(message, "AQ306")
    return {"type": "LineString", "coordinates": [list(each) for each in positions]}


def _create_polygon(*points: Value) -> Value:
    positions = [_point(each, "CreatePolygon") for each in points]
    if positions[0] != positions[-1]:
        message = "the last point of CreatePolygon must be the first one again"
        raise FunctionError(message, "AQ306")
    if len(set(positions)) < 3:
        message = "CreatePolygon needs three different points"
        raise FunctionError(message, "AQ306")
    return {"type": "Polygon", "coordinates": [[list(each) for each in positions]]}


def _point(value: Value, function: str) -> Position:
    shape = as_shape(value, function)
    if shape.type != "Point":
        message = f"{function} takes points, not {describe(value)} of type {shape.type}"
        raise FunctionError(message)
    return shape.rings[0][0]


def _predicate(name: str, predicate: str) -> Callable[[Shape, Shape], Value]:
    return lambda a, b: int(relate(a, b, predicate, name))


def _relation(name: str, compute: Callable[[Shape, Shape], Value], *, takes_text: bool) -> Scalar:
    def relation(a: Value, b: Value) -> Value:
        return compute(as_shape(a, name, takes_text=takes_text), as_shape(b, name, takes_text=takes_text))

    return relation


_POINT = Parameter("point", "record")
_SHAPES = (Parameter("a", "record or nvarchar(max)"), Parameter("b", "record or nvarchar(max)"))
_SQUARE = "'POLYGON ((0 0, 10 0, 10 10, 0 10, 0 0))'"

register(
    Function(
        "CreatePoint",
        (Parameter("latitude", "float"), Parameter("longitude", "float")),
        "record",
        _create_point,
        "A GeoJSON point, whose coordinates have the longitude first.",
        (Example("CreatePoint(3.0, -10.2)", {"type": "Point", "coordinates": [-10.2, 3.0]}),),
        category="Geospatial",
    ),
    Function(
        "CreateLineString",
        (_POINT, Parameter("point", "record", is_repeated=True)),
        "record",
        _create_line,
        "A GeoJSON line string through two or more points.",
        (
            Example(
                "CreateLineString(CreatePoint(0, 0), CreatePoint(1, 2))",
                {"type": "LineString", "coordinates": [[0.0, 0.0], [2.0, 1.0]]},
            ),
        ),
        category="Geospatial",
    ),
    Function(
        "CreatePolygon",
        (_POINT, _POINT, _POINT, Parameter("point", "record", is_repeated=True)),
        "record",
        _create_polygon,
        "A GeoJSON polygon; the points run counter-clockwise and end with the first one.",
        (
            Example(
                "CreatePolygon(CreatePoint(0, 0), CreatePoint(0, 1), CreatePoint(1, 1), CreatePoint(0, 0))",
                {"type": "Polygon", "coordinates": [[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]]},
            ),
        ),
        category="Geospatial",
    ),
)

for _name, _returns, _compute, _summary, _example in (
    (
        "ST_DISTANCE",
        "float",
        distance,
        "The distance of two shapes in metres, along the surface of the WGS 84 ellipsoid; 0 where they meet.",
        Example("ST_DISTANCE('POINT (0 0)', 'POINT (0 0)')", 0.0),
    ),
    (
        "ST_INTERSECTS",
        "bigint",
        _predicate("ST_INTERSECTS", "intersects"),
        "1 if two shapes have a point in common, else 0.",
        Example("ST_INTERSECTS('LINESTRING (-10 0, 10 0)', 'LINESTRING (0 -10, 0 10)')", 1),
    ),
    (
        "ST_OVERLAPS",
        "bigint",
        _predicate("ST_OVERLAPS", "overlaps"),
        "1 if two polygons share an area and neither lies within the other, else 0.",
        Example(f"ST_OVERLAPS({_SQUARE}, 'POLYGON ((5 5, 15 5, 15 15, 5 15, 5 5))')", 1),
    ),
    (
        "ST_WITHIN",
        "bigint",
        _predicate("ST_WITHIN", "within"),
        "1 if the first shape lies within the second, else 0; on its boundary alone is not within.",
        Example(f"ST_WITHIN('POINT (5 5)', {_SQUARE})", 1),
    ),
):
    register(
        Function(
            _name,
            _SHAPES,
            _returns,
            _relation(_name, _compute, takes_text=True),
            _summary,
            (_example,),
            category="Geospatial",
            notes=("Takes GeoJSON records and WKT text.",),
        ),
        Function(
            _name + BEFORE_LEVEL_12,
            tuple(Parameter(each.name, "record") for each in _SHAPES),
            _returns,
            _relation(_name, _compute, takes_text=False),
            _summary,
        ),
    )
