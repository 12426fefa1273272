"""Random queries with what they must give: each part is drawn as text together with its meaning.

A stream is what stands behind FROM and its rows; a step makes a stream of streams. Meanings are computed over the whole
recording by the definitions in the other modules of this package.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st
from oracle import analytic, values, windows
from oracle.drive import Event
from oracle.joins import pairs
from oracle.matches import Binding, matches
from oracle.recordings import COLUMNS, SCALES, Policies, Scale, numbered, policies, recordings

from asaql.syntax.ast import (
    Identifier,
    Pattern,
    PatternAlternation,
    PatternAny,
    PatternRepeat,
    PatternSequence,
    PatternVariable,
)

Test = Callable[[Event], bool]


@dataclass(frozen=True)
class Stream:
    """Something that FROM can name.

    Attributes:
        name: The name.
        clause: What stands behind the name and its alias.
        rows: Its rows in order, with their places as `n`.
    """

    name: str
    clause: str
    rows: list[Event]


@dataclass
class Question:
    """A query with its inputs and the rows that it must give.

    Attributes:
        scale: What its times count in.
        rules: The time policies.
        steps: The steps of WITH.
        select: The query behind WITH.
        inputs: What is read.
        expected: The rows.
        loose: Columns where equal numbers of different types stand for each other.
    """

    scale: Scale
    rules: Policies
    inputs: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)
    select: str = ""
    expected: list[dict[str, Any]] = field(default_factory=list)
    loose: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The whole query."""
        return (f"WITH {', '.join(self.steps)} " if self.steps else "") + self.select


class Author:
    """Draws the parts of one question.

    Args:
        draw: Draws.
        most: The most events of an input.
    """

    def __init__(self, draw: st.DrawFn, most: int) -> None:
        self.draw = draw
        self.scale = draw(st.sampled_from(SCALES))
        self.question = Question(self.scale, draw(policies(self.scale)))
        self._most = most
        self._steps = 0

    def units(self, least: int = 1, most: int | None = None) -> int:
        return self.draw(st.integers(least, self.scale.largest if most is None else most))

    def unit(self) -> str:
        return self.draw(st.sampled_from(self.scale.names))

    def any(self, *options: Any) -> Any:
        return self.draw(st.sampled_from(options))

    def input(self, name: str) -> Stream:
        """Return an input; its recording is drawn when it is read first."""
        read, seen = self.draw(recordings(self.scale, self.question.rules, self._most))
        self.question.inputs[name] = read
        return Stream(name, " TIMESTAMP BY t", seen)

    def stream(self, name: str) -> Stream:
        """Return an input, or a step over one or two of them."""
        stream = self.input(name)
        for _ in range(self.any(0, 0, 1, 1, 2)):
            make = self.any(self._filtered, self._united, self._counted, self._lagged, self._joined)
            stream = make(stream)
        return stream

    def condition(self, qualifier: str = "") -> tuple[str, Test]:
        """Return a condition over the columns of a row."""
        q = qualifier
        return self.any(
            (f"{q}v > 1", lambda row: row["v"] is not None and row["v"] > 1),
            (f"NOT ({q}v > 1)", lambda row: row["v"] is None or row["v"] <= 1),
            (f"{q}s = 'x'", lambda row: row["s"] == "x"),
            (f"{q}k IS NOT NULL", lambda row: row["k"] is not None),
            (f"{q}id % 3 <> 0", lambda row: row["id"] % 3 != 0),
        )

    def keys(self) -> tuple[str, ...]:
        return self.any((), ("k",), ("s",), ("k", "s"))

    # Steps -------------------------------------------------------------------------------------------------------

    def _step(self, text: str, rows: list[Event]) -> Stream:
        self._steps += 1
        name = f"step{self._steps}"
        self.question.steps.append(f"{name} AS ({text})")
        return Stream(name, "", numbered(rows))

    def _filtered(self, stream: Stream) -> Stream:
        text, test = self.condition()
        rows = [row for row in stream.rows if test(row)]
        return self._step(f"SELECT {_list()} FROM {stream.name}{stream.clause} WHERE {text}", rows)

    def _united(self, stream: Stream) -> Stream:
        other = self.input(f"more{self._steps}")
        rows = sorted([*stream.rows, *other.rows], key=lambda row: row["t"])
        left, right = (f"SELECT {_list()} FROM {each.name}{each.clause}" for each in (stream, other))
        return self._step(f"{left} UNION {right}", rows)

    def _counted(self, stream: Stream) -> Stream:
        window, contents = self.window()
        found = windows.grouped(stream.rows, ("k", "s"), contents)
        rows = [
            {
                "t": end,
                "id": max(row["id"] for row in group),
                "k": group[0]["k"],
                "s": group[0]["s"],
                "v": values.count([row["v"] for row in group]),
                "x": values.count_distinct([row["x"] for row in group]),
            }
            for end, group in found
        ]
        columns = "MAX(id) AS id, k, s, COUNT(v) AS v, COUNT(DISTINCT x) AS x"
        return self._step(f"SELECT {columns} FROM {stream.name}{stream.clause} GROUP BY k, s, {window}", rows)

    def _lagged(self, stream: Stream) -> Stream:
        length = self.units()
        found = analytic.lag(stream.rows, ("k",), length * self.scale.steps, None, 1, None)
        rows = [{**row, "v": value} for row, value in zip(stream.rows, found, strict=True)]
        call = f"LAG(v) OVER (PARTITION BY k LIMIT DURATION({self.unit()}, {length})) AS v"
        return self._step(f"SELECT id, k, s, {call}, x FROM {stream.name}{stream.clause}", rows)

    def _joined(self, stream: Stream) -> Stream:
        other = self.input(f"other{self._steps}")
        on, bounds = self.bounds("a", "b")
        found = pairs(stream.rows, other.rows, (("k", "k"),), bounds, lambda a, b: True, is_left=False)
        rows = [{"t": t, **{name: (b if name in "sv" else a)[name] for name in COLUMNS}} for t, a, b in found]
        columns = "a.id, a.k, b.s, b.v, a.x"
        source = f"{stream.name} a{stream.clause} JOIN {other.name} b{other.clause} ON {on} AND a.k = b.k"
        return self._step(f"SELECT {columns} FROM {source}", rows)

    # Windows -----------------------------------------------------------------------------------------------------

    def window(self) -> tuple[str, Callable[[Sequence[Event]], list[windows.Content]]]:
        """Return a window that has no keys of its own."""
        unit, steps, size = self.unit(), self.scale.steps, self.units()
        other, offset = self.units(), self.units(-3, 3)
        match self.any("tumbling", "hopping", "session", "snapshot"):
            case "tumbling":
                text = self.any(
                    f"TumblingWindow({unit}, {size}, {offset})",
                    f"Tumbling(Duration({unit}, {size}), Offset({unit}, {offset}))",
                )
                return text, lambda rows: windows.grid_windows(rows, size * steps, size * steps, offset * steps)
            case "hopping":
                text = self.any(
                    f"HoppingWindow({unit}, {size}, {other}, {offset})",
                    f"Hopping(Duration({unit}, {size}), Hop({unit}, {other}), Offset({unit}, {offset}))",
                )
                return text, lambda rows: windows.grid_windows(rows, size * steps, other * steps, offset * steps)
            case "session":
                text = self.any(
                    f"SessionWindow({unit}, {size}, {other})",
                    f"Session(Timeout({unit}, {size}), MaxDuration({unit}, {other}))",
                )
                return text, lambda rows: windows.sessions(rows, size * steps, other * steps)
            case _:
                return "System.Timestamp()", lambda rows: windows.grid_windows(rows, 1, 1, 0)

    def content(self, keys: tuple[str, ...]) -> tuple[str, Callable[[Sequence[Event]], list[windows.Content]]]:
        """Return a window and what it holds for each group, in the order of output."""
        unit, steps = self.unit(), self.scale.steps
        size, maximum = self.units(), self.units()
        match self.any("plain", "plain", "sliding", "sessions"):
            case "sliding":
                return f"SlidingWindow({unit}, {size})", lambda rows: windows.grouped(
                    rows, (), lambda own: windows.sliding_windows(own, size * steps), per=keys
                )
            case "sessions" if "k" in keys:
                text = f"SessionWindow({unit}, {size}, {maximum}) OVER (PARTITION BY k)"
                return text, lambda rows: windows.grouped(
                    rows, keys, lambda own: windows.sessions(own, size * steps, maximum * steps), per=("k",)
                )
            case _:
                text, contents = self.window()
                return text, lambda rows: windows.grouped(rows, keys, contents)

    # Joins -------------------------------------------------------------------------------------------------------

    def bounds(self, left: str, right: str) -> tuple[str, list[tuple[int, int, int]]]:
        """Return limits in time between two sources."""
        low = self.units(-6, 3)
        high = min(low + self.any(0, 1, 3, 6, 9), 7)
        difference = f"DATEDIFF({self.unit()}, {left}, {right})"
        texts = [f"{difference} BETWEEN {low} AND {high}", f"{difference} >= {low} AND {difference} <= {high}"]
        if low == high:
            texts.append(f"{difference} = {low}")
        return self.any(*texts), [(self.scale.steps, low, high)]


def _list() -> str:
    return ", ".join(COLUMNS)


# Questions -----------------------------------------------------------------------------------------------------------

_EXACT: dict[str, tuple[str, Callable[[list[Event]], Any]]] = {
    "rows": ("COUNT(*)", len),
    "counted": ("COUNT(x)", lambda rows: values.count(_of(rows, "x"))),
    "different": ("COUNT(DISTINCT x)", lambda rows: values.count_distinct(_of(rows, "x"))),
    "total": ("SUM(v)", lambda rows: values.total(_of(rows, "v"))),
    "mean": ("AVG(v)", lambda rows: values.average(_of(rows, "v"))),
    "spread": ("STDEV(v)", lambda rows: values.deviation(_of(rows, "v"), 1)),
    "spread_p": ("STDEVP(v)", lambda rows: values.deviation(_of(rows, "v"), 0)),
    "var": ("VAR(v)", lambda rows: values.variance(_of(rows, "v"), 1)),
    "var_p": ("VARP(v)", lambda rows: values.variance(_of(rows, "v"), 0)),
    "all_x": ("Collect(x)", lambda rows: [each for each in _of(rows, "x") if each is not None]),
    "top": (
        "CollectTop(2, id) OVER (ORDER BY v DESC)",
        lambda rows: values.top(_of(rows, "id"), _of(rows, "v"), 2, descending=True),
    ),
    "first": (
        "TopOne(id) OVER (ORDER BY v ASC)",
        lambda rows: values.top(_of(rows, "id"), _of(rows, "v"), 1, descending=False)[0]["value"],
    ),
    "middle": (
        "PERCENTILE_CONT(0.5) OVER (ORDER BY v)",
        lambda rows: values.percentile_cont(_of(rows, "v"), "0.5", descending=False),
    ),
}
_LOOSE: dict[str, tuple[str, Callable[[list[Event]], Any]]] = {
    "least": ("MIN(v)", lambda rows: min((v for v in _of(rows, "v") if v is not None), default=None)),
    "most": ("MAX(v)", lambda rows: max((v for v in _of(rows, "v") if v is not None), default=None)),
    "ninth": (
        "PERCENTILE_DISC(0.9) OVER (ORDER BY v DESC)",
        lambda rows: values.percentile_disc(_of(rows, "v"), "0.9", descending=True),
    ),
}
_AGGREGATES = {**_EXACT, **_LOOSE}


def _of(rows: Sequence[Event], name: str) -> list[Any]:
    return [row[name] for row in rows]


@st.composite
def grouped(draw: st.DrawFn) -> Question:
    """Draw a query that groups."""
    author = Author(draw, 16)
    stream, question = author.stream("A"), author.question
    keys = author.keys()
    names = draw(st.lists(st.sampled_from(sorted(_AGGREGATES)), min_size=1, max_size=3, unique=True))
    members = [author.content(keys) for _ in range(author.any(1, 1, 1, 2))]
    test: Test = lambda row: True  # noqa: E731
    where = having = ""
    if draw(st.booleans()):
        where, test = author.condition()
    least = author.any(0, 0, 1)
    if least:
        having = f" HAVING COUNT(*) > {least}"
    rows = numbered([row for row in stream.rows if test(row)])
    contents = [(*each, place) for place, (_, content) in enumerate(members) for each in content(rows)]
    for end, group, place in sorted(contents, key=lambda each: (each[0], each[2], each[1][0]["n"])):
        if len(group) > least:
            found = {name: _AGGREGATES[name][1](group) for name in names}
            identity = {"w": f"w{place}"} if len(members) > 1 else {}
            at = question.scale.text(end)
            question.expected.append({**{key: group[0][key] for key in keys}, **found, **identity, "at": at})
    columns = [*keys, *(f"{_AGGREGATES[name][0]} AS {name}" for name in names)]
    window = members[0][0]
    if len(members) > 1:
        named = [f"Window('w{place}', {text})" for place, (text, _) in enumerate(members)]
        window = f"Windows({', '.join(named)})"
        columns.append("System.Window().Id AS w")
    columns.append("System.Timestamp() AS at")
    question.select = (
        f"SELECT {', '.join(columns)} FROM {stream.name}{stream.clause}"
        f"{f' WHERE {where}' if where else ''} GROUP BY {', '.join([*keys, window])}{having}"
    )
    question.loose = tuple(_LOOSE)
    return question


@st.composite
def joined(draw: st.DrawFn) -> Question:
    """Draw a query that joins two or three streams."""
    author = Author(draw, 10)
    question, left = author.question, author.stream("A")
    right = left if draw(st.integers(0, 4)) == 0 else author.stream("B")
    on, bounds = author.bounds("a", "b")
    keys = author.any((), ("k",), ("k", "s"))
    is_left, is_smaller = draw(st.booleans()), draw(st.booleans())
    is_chain = author.any(False, False, True)
    on += "".join(f" AND a.{key} = b.{key}" for key in keys) + (" AND a.v < b.v" if is_smaller else "")
    found = pairs(
        left.rows,
        right.rows,
        tuple((key, key) for key in keys),
        bounds,
        lambda a, b: not is_smaller or (a["v"] is not None and b["v"] is not None and a["v"] < b["v"]),
        is_left=is_left and not is_chain,
    )
    columns = ["a.id AS a", "b.id AS b", "b.x AS x"]
    join = "LEFT JOIN" if is_left and not is_chain else "JOIN"
    source = f"{left.name} a{left.clause} {join} {right.name} b{right.clause} ON {on}"
    rows = [
        {"t": t, "a": a["id"], "b": b and b["id"], "x": b and b["x"], "ta": a["t"], "k": a["k"]} for t, a, b in found
    ]
    if is_chain:
        third = author.input("C")
        rows = [
            {**row, "n": place, "tb": b["t"]} for place, (row, (_, _, b)) in enumerate(zip(rows, found, strict=True))
        ]
        which = author.any("a", "b")
        on, bounds = author.bounds(which, "c")
        found = pairs(rows, third.rows, (("k", "k"),), bounds, lambda a, b: True, is_left=is_left, time=f"t{which}")
        rows = [{**row, "t": t, "c": c and c["id"]} for t, row, c in found]
        columns.append("c.id AS c")
        source += f" {'LEFT JOIN' if is_left else 'JOIN'} C c{third.clause} ON {on} AND a.k = c.k"
    where = ""
    if is_left and draw(st.booleans()):
        last = "c" if is_chain else "b"
        where = f" WHERE {last}.id IS NULL"
        rows = [row for row in rows if row[last] is None]
    names = [column.rpartition(" ")[2] for column in columns]
    question.expected = [{**{name: row[name] for name in names}, "at": question.scale.text(row["t"])} for row in rows]
    question.select = f"SELECT {', '.join(columns)}, System.Timestamp() AS at FROM {source}{where}"
    return question


@st.composite
def analyzed(draw: st.DrawFn) -> Question:
    """Draw a query with functions over the events before each event."""
    author = Author(draw, 14)
    question, stream = author.question, author.stream("A")
    steps, columns, found = author.scale.steps, [], {}
    for number in range(draw(st.integers(1, 3))):
        keys, length, unit, name = author.keys(), author.units(), author.unit(), f"r{number}"
        when_text, test = author.condition() if draw(st.booleans()) else ("", lambda row: True)
        rows = [{**row, "$w": test(row)} for row in stream.rows]
        partition = f"PARTITION BY {', '.join(keys)} " if keys else ""
        when, limit = (f" WHEN {when_text}" if when_text else ""), f"LIMIT DURATION({unit}, {length})"
        over = f"OVER ({partition}{limit}{when})"
        call = author.any("LAG", "LAST", "ISFIRST", "aggregate", "aggregate")
        column = author.any("v", "x")
        shown = [{**row, "v": row[column]} for row in rows]
        offset, default = draw(st.integers(1, 3)), author.any(None, -1)
        length *= steps
        if call == "LAG":
            arguments = f"{column}, {offset}" + (f", {default}" if default else "")
            text, results = f"LAG({arguments}) {over}", analytic.lag(shown, keys, length, "$w", offset, default)
        elif call == "LAST":
            text, results = f"LAST({column}) {over}", analytic.last(shown, keys, length, "$w", None)
        elif call == "ISFIRST":
            over = f" OVER ({partition.strip()}{when})" if partition or when else ""
            text = f"ISFIRST({unit}, {length // steps}){over}"
            results = analytic.is_first(rows, keys, length, "$w")
        else:
            function = draw(st.sampled_from(sorted(values.AGGREGATES)))
            text, results = f"{function}(v) {over}", analytic.running(rows, keys, length, "$w", function)
            if function in ("MIN", "MAX"):
                question.loose += (name,)
        columns.append(f"{text} AS {name}")
        found[name] = results
    where, test = author.condition() if draw(st.booleans()) else ("", lambda row: True)
    for place, row in enumerate(stream.rows):
        if test(row):
            results = {name: results[place] for name, results in found.items()}
            question.expected.append({"id": row["id"], **results, "at": question.scale.text(row["t"])})
    question.select = (
        f"SELECT id, {', '.join(columns)}, System.Timestamp() AS at FROM {stream.name}{stream.clause}"
        f"{f' WHERE {where}' if where else ''}"
    )
    return question


_ATOMS: st.SearchStrategy[Pattern] = st.one_of(
    st.sampled_from("ABCD").map(lambda name: PatternVariable(Identifier(name))), st.just(PatternAny())
)
_REPEATS = st.sampled_from([(0, None), (1, None), (0, 1), (2, 2), (1, 2), (2, None)])
_PATTERNS: st.SearchStrategy[Pattern] = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda items: PatternSequence(tuple(items))),
        st.lists(inner, min_size=2, max_size=2).map(lambda items: PatternAlternation(tuple(items))),
        st.tuples(inner, _REPEATS).map(lambda pair: PatternRepeat(pair[0], *pair[1])),
    ),
    max_leaves=4,
)


def _pattern_text(pattern: Pattern) -> str:
    match pattern:
        case PatternVariable(name):
            return name.name
        case PatternSequence(items):
            return f"({' '.join(map(_pattern_text, items))})"
        case PatternAlternation(options):
            return f"({' | '.join(map(_pattern_text, options))})"
        case PatternRepeat(item, minimum, maximum):
            short = {(0, None): "*", (1, None): "+", (0, 1): "?", (2, 2): "{2}", (1, 2): "{1,2}", (2, None): "{2,}"}
            return f"({_pattern_text(item)}){short[minimum, maximum]}"
        case _:
            return "."


def _bound(binding: Binding, name: str, column: str) -> list[Any]:
    return [event[column] for variable, event in binding if variable == name]


@st.composite
def matched(draw: st.DrawFn) -> Question:
    """Draw a query with a pattern."""
    author = Author(draw, 10)
    question, stream = author.question, author.stream("A")
    pattern, length, unit = draw(_PATTERNS), author.units(), author.unit()
    if not set("ABC") & set(_pattern_text(pattern)):
        pattern = PatternSequence((PatternVariable(Identifier("A")), pattern))
    text = _pattern_text(pattern)
    keys = author.any((), ("k",), ("s",))
    names = [name for name in "ABCD" if name in text]
    definitions, conditions = [], {}
    for name in names:
        if name == "D":
            continue
        if name == "B" and "A" in names and draw(st.booleans()):
            definitions.append("B AS Last(A.id) < B.id")
            conditions[name] = lambda event, bound: any(last < event["id"] for last in _bound(bound, "A", "id")[-1:])
            continue
        condition, test = author.condition(f"{name}.")
        definitions.append(f"{name} AS {condition}")
        conditions[name] = lambda event, bound, test=test: test(event)
    measures = ["Classifier() AS names"]
    measures += [f"First({name}.x) AS first{name}, Max({name}.v) AS most{name}" for name in names]
    question.loose = tuple(f"most{name}" for name in names)
    for t, binding in matches(stream.rows, pattern, length * author.scale.steps, keys, conditions):
        row: dict[str, Any] = {"names": [name for name, _ in binding]}
        for name in names:
            row[f"first{name}"] = next(iter(_bound(binding, name, "x")), None)
            row[f"most{name}"] = max((v for v in _bound(binding, name, "v") if v is not None), default=None)
        question.expected.append({**row, "at": question.scale.text(t)})
    columns = ["names", *(f"first{name}, most{name}" for name in names)]
    partition = f"PARTITION BY {', '.join(keys)} " if keys else ""
    define = f" DEFINE {', '.join(definitions)}" if definitions else ""
    question.select = (
        f"SELECT {', '.join(columns)}, System.Timestamp() AS at FROM {stream.name}{stream.clause} "
        f"MATCH_RECOGNIZE (LIMIT DURATION({unit}, {length}) {partition}MEASURES {', '.join(measures)} "
        f"AFTER MATCH SKIP TO NEXT ROW PATTERN ({text}){define}) AS T"
    )
    return question
