"""Shapes of geospatial functions: from GeoJSON records and WKT text, and what they have to do with each other.

Distances are geodesic on the WGS 84 ellipsoid, in metres. Other relations are planar, with longitude as x and latitude
as y. Needs the extra `geo`, which is imported only when a relation is computed.
"""

import importlib
import math
import re
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

from asaql.functions.registry import FunctionError
from asaql.functions.scalar.types import describe
from asaql.model import Value

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

Position: TypeAlias = tuple[float, float]
"""Longitude, latitude."""

_DEPTHS = {"Point": 0, "LineString": 1, "Polygon": 2}
_WKT = re.compile(r"\s*(POINT|LINESTRING|POLYGON)\s*(\(.*\))\s*", re.IGNORECASE | re.DOTALL)
_WKT_NAMES = {"POINT": "Point", "LINESTRING": "LineString", "POLYGON": "Polygon"}
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")


class Shape:
    """A point, a line or a polygon.

    Attributes:
        type: `Point`, `LineString` or `Polygon`.
        rings: Positions: one ring for a point (of one position) and a line, the ring and its holes for a polygon.
    """

    __slots__ = ("rings", "type")

    def __init__(self, type_: str, rings: tuple[tuple[Position, ...], ...]) -> None:
        self.type = type_
        self.rings = rings

    def geometry(self) -> "BaseGeometry":
        """Return the planar geometry."""
        return _geometry(self.type, self.rings)


@lru_cache(maxsize=1024)
def _geometry(type_: str, rings: tuple[tuple[Position, ...], ...]) -> "BaseGeometry":
    shapely = _imported("shapely")
    if type_ == "Point":
        return shapely.Point(rings[0][0])
    if type_ == "LineString":
        return shapely.LineString(rings[0])
    return shapely.Polygon(rings[0], rings[1:])


def _imported(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        message = "geospatial functions need the packages of the extra geo"
        raise FunctionError(message, "AQ306", help="pip install asaql[geo]") from error


def as_shape(value: Value, function: str, *, takes_text: bool = True) -> Shape:
    """Return an argument that must be a GeoJSON record or, with `takes_text`, WKT.

    Raises:
        FunctionError: It is neither.
    """
    if type(value) is dict:
        return _shape_of_record(value, function)
    if type(value) is str and takes_text:
        return _shape_of_text(value, function)
    message = (
        f"{function} takes a record value in GeoJSON format{' or WKT' if takes_text else ''}, not {describe(value)}"
    )
    raise FunctionError(message, help="CreatePoint(latitude, longitude)")


def _shape_of_record(record: dict[str, Any], function: str) -> Shape:
    fields = {key.casefold(): value for key, value in record.items()}
    names = {each.casefold(): each for each in _DEPTHS}
    type_ = names.get(str(fields.get("type")).casefold())
    coordinates = fields.get("coordinates")
    if type_ is None or not isinstance(coordinates, list):
        message = f"{function} takes GeoJSON points, line strings and polygons"
        raise FunctionError(message, "AQ306", help='{"type": "Point", "coordinates": [longitude, latitude]}')
    nested: Any = coordinates
    for _ in range(2 - _DEPTHS[type_]):
        nested = [nested]
    try:
        rings = tuple(tuple(_position(each) for each in ring) for ring in nested)
    except (TypeError, ValueError, IndexError):
        rings = ()
    return _checked(type_, rings, function)


def _position(pair: Any) -> Position:
    longitude, latitude = pair[0], pair[1]
    if type(longitude) not in (int, float) or type(latitude) not in (int, float):
        raise ValueError
    return float(longitude), float(latitude)


def _shape_of_text(text: str, function: str) -> Shape:
    match = _WKT.fullmatch(text)
    if match is None:
        message = f"{describe(text)} is no WKT of a point, a line string or a polygon"
        raise FunctionError(message, "AQ306", help="POINT (longitude latitude)")
    type_ = _WKT_NAMES[match[1].upper()]
    content = match[2].strip()
    rings = re.findall(r"\(([^()]*)\)", content)
    positions = []
    for ring in rings:
        pairs = [_NUMBER.findall(each) for each in ring.split(",")]
        positions.append(tuple((float(each[0]), float(each[1])) for each in pairs if len(each) >= 2))
        if len(positions[-1]) != len(pairs):
            positions = []
            break
    return _checked(type_, tuple(positions), function)


def _checked(type_: str, rings: tuple[tuple[Position, ...], ...], function: str) -> Shape:
    """Return a shape whose numbers of positions and whose coordinates are possible."""
    least = {"Point": 1, "LineString": 2, "Polygon": 4}[type_]
    problem = None
    if not rings or any(len(ring) < least for ring in rings) or (type_ != "Polygon" and len(rings) > 1):
        problem = f"a {type_} with too few positions"
    elif type_ == "Polygon" and any(ring[0] != ring[-1] for ring in rings):
        problem = "a Polygon whose ring does not end where it begins"
    elif any(not (abs(x) <= 180 and abs(y) <= 90) for ring in rings for x, y in ring):
        problem = "a position outside of longitude -180 to 180 and latitude -90 to 90"
    if problem is not None:
        message = f"{function} was given {problem}"
        raise FunctionError(message, "AQ306")
    return Shape(type_, rings)


def relate(a: Shape, b: Shape, predicate: str, function: str) -> bool:
    """Return whether a planar predicate of shapely, such as `within`, holds between two shapes.

    Raises:
        FunctionError: A ring crosses itself so that the question has no answer.
    """
    one, other = a.geometry(), b.geometry()
    try:
        return bool(getattr(one, predicate)(other))
    except _imported("shapely").GEOSException as error:
        message = f"{function} was given a Polygon whose ring crosses itself"
        raise FunctionError(message, "AQ306") from error


def distance(a: Shape, b: Shape) -> float:
    """Return the least geodesic distance of two shapes in metres; 0 where they touch.

    The nearest point of an edge is found on a plane with the right scale where the other shape is, so that the
    distance to an edge is exact for short edges and approximate for those of thousands of kilometres.
    """
    if a.type == b.type == "Point":
        return _geodesic(a.rings[0][0], b.rings[0][0])
    if relate(a, b, "intersects", "ST_DISTANCE"):
        return 0.0
    candidates = [
        _to_edge(position, start, end)
        for one, other in ((a, b), (b, a))
        for ring in one.rings
        for position in ring
        for start, end in _edges(other)
    ]
    return min(candidates)


def _edges(shape: Shape) -> list[tuple[Position, Position]]:
    if shape.type == "Point":
        return [(shape.rings[0][0], shape.rings[0][0])]
    return [edge for ring in shape.rings for edge in pairwise(ring)]


def _to_edge(position: Position, start: Position, end: Position) -> float:
    """Return the distance from a position to the nearest point of an edge."""
    scale = math.cos(math.radians(position[1])) or 1e-12
    ax, ay = (start[0] - position[0]) * scale, start[1] - position[1]
    dx, dy = (end[0] - start[0]) * scale, end[1] - start[1]
    length = dx * dx + dy * dy
    share = 0.0 if length == 0 else min(max(-(ax * dx + ay * dy) / length, 0.0), 1.0)
    nearest = (start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1]))
    return _geodesic(position, nearest)


def _geodesic(a: Position, b: Position) -> float:
    geodesic = _imported("geographiclib.geodesic").Geodesic.WGS84
    return float(geodesic.Inverse(a[1], a[0], b[1], b[0])["s12"])
