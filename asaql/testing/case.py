"""Recorded cases: a Markdown file becomes `Case`s.

A case is a second-level heading, a sentence that says why, and tagged blocks, in any order:

| block | holds |
|---|---|
| `sql` | the query; `file=PATH` takes it from a file beside the case file |
| `jsonl in=NAME` | an input's events, one a line; `file=PATH`; `reference` for reference data |
| `csv in=NAME` | an input as CSV with a header line; `file=PATH`; `reference` |
| `jsonl out=NAME` | the rows an output must get; `unordered`: in any order; `exact`: `3` is not `3.0` |
| `text error` | the exact rendering of the errors |
| `text error=AQ203` | errors with this code and no other; each line of the block must occur in their rendering |
| `text error=compile`, `text error=runtime` | any error of the query, or any failure of the running job; likewise |
| `text error-code` | the codes of the errors, one a line |
| `text warnings` | the exact rendering of the warnings |
| `text plan` | what `asaql explain` prints |
| `js udf=NAME`, `js uda=NAME` | a JavaScript function or aggregate; `file=PATH` |
| `jsonl scores=NAME` | lines `{"row": ..., "score": ...}`; `statuses=503,429` answers the first requests with these |
| `json swagger=NAME` | what the scoring service of that name answers to `GET /swagger.json` |
| `yaml job` | options: see `Options` |

A table whose first column is headed `udf.NAME(row)` and whose second one is headed `score` says the same as a
`jsonl scores=NAME` block. An event may carry its arrival time under `"@arrival"`; the query does not see that key.
Blocks without tags, `sql` excepted, are illustrations.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asaql.diagnostics import Source
from asaql.testing.markdown import Block
from asaql.udf.script_spec import ScriptFunction

ARRIVAL_KEY = "@arrival"
"""The key under which a recorded event carries its arrival time."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a case's job is configured; a `yaml job` block may hold any of these fields.

    Durations are texts such as `5s` or `2m`, or numbers of seconds. `ignore_case` lets comparisons of text ignore case.
    `tolerance` is the relative distance within which floats count as equal. `replay` is a recording of scores, a file
    beside the case file, that answers for the scoring functions it holds.
    """

    compatibility_level: str = "1.2"
    start_time: str | None = None
    late_arrival: str | float | None = None
    out_of_order: str | float | None = None
    out_of_order_policy: str = "adjust"
    early_arrival: str | float | None = None
    reference: tuple[str, ...] = ()
    ignore_case: bool = False
    tolerance: float = 1e-9
    replay: str | None = None


@dataclass(frozen=True, slots=True)
class Input:
    """An input's events as they stand in the case, or the file that holds them.

    Attributes:
        name: The input's name.
        block: Where it stands.
        events: The events, or None when `path` or `csv` holds them.
        arrivals: The events' arrival times, in the events' order, or None when none has one.
        path: A file beside the case file.
        csv: CSV text.
        is_reference: Whether this is reference data.
    """

    name: str
    block: Block
    events: tuple[dict[str, Any], ...] | None = None
    arrivals: tuple[str, ...] | None = None
    path: Path | None = None
    csv: str | None = None
    is_reference: bool = False


@dataclass(frozen=True, slots=True)
class Output:
    """The rows that an output must get."""

    name: str
    block: Block
    rows: tuple[dict[str, Any], ...]
    is_ordered: bool = True
    is_exact: bool = False
    ignored: frozenset[str] = frozenset()

    @property
    def numbers(self) -> tuple[int, ...]:
        """The line of each row."""
        return tuple(number for number, _ in self.block.lines())


@dataclass(frozen=True, slots=True)
class ExpectedError:
    """How a case says that it must fail.

    Attributes:
        block: Where it stands.
        rendering: The exact text, or None.
        codes: The exact codes, sorted, or None.
        stage: `compile`, `runtime` or None for either.
        contains: Texts that must occur in the rendering.
    """

    block: Block
    rendering: str | None = None
    codes: tuple[str, ...] | None = None
    stage: str | None = None
    contains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scores:
    """The answers of a scoring function.

    Attributes:
        name: The function's name, without its prefix.
        answers: Rows with their scores.
        statuses: HTTP statuses to answer the first requests with, in this order.
        swagger: The text of the service's swagger document, or None.
    """

    name: str
    answers: tuple[tuple[Any, Any], ...]
    statuses: tuple[int, ...] = ()
    swagger: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One recorded case: a query, what it reads, and what must come out.

    Attributes:
        path: The file that holds the case.
        heading: The heading: the rule the case records.
        line: The heading's line, counted from 1.
        end: The case's last line.
        last_block_end: The line of the last block's closing fence.
        prose: The sentences that say why.
        query: The query, named as messages name it.
        query_block: Where the query stands.
        functions: The JavaScript functions and aggregates.
    """

    path: Path
    heading: str
    line: int
    end: int
    last_block_end: int
    prose: str
    query: Source
    query_block: Block
    inputs: tuple[Input, ...] = ()
    outputs: tuple[Output, ...] = ()
    error: ExpectedError | None = None
    warnings: Block | None = None
    plan: Block | None = None
    functions: tuple[ScriptFunction, ...] = ()
    scores: tuple[Scores, ...] = ()
    options: Options = Options()

    @property
    def place(self) -> str:
        """The case's file and line, as `file.md:LINE`."""
        return f"{self.path}:{self.line}"

    @property
    def query_place(self) -> str | None:
        """The query's file, or None if it stands in the case."""
        name = self.query_block.tags.get("file")
        return os.path.normpath(self.path.parent / name) if name else None

    @property
    def is_run(self) -> bool:
        """Whether the query runs; a case that expects a plan and nothing else is only compiled."""
        return self.plan is None or bool(self.outputs) or self.error is not None

    @property
    def reference(self) -> tuple[str, ...]:
        """The names of the inputs that are reference data."""
        marked = tuple(each.name for each in self.inputs if each.is_reference)
        return marked + tuple(each for each in self.options.reference if each not in marked)
