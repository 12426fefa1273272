"""The tests that a job file holds beside its job."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from asaql.jobs.job import InputSpec, Place

DEFAULT_TOLERANCE: Final = 1e-9
"""The relative distance within which floats are equal, where a test says nothing else."""


class ExpectedRows(Struct, frozen=True):
    """What an output must get.

    Attributes:
        name: The output.
        place: Where the rows stand, or the output's path.
        path: The file with the rows, which may not be there yet.
        rows: The rows themselves instead of a file.
        format: `json` or `csv`; None to go by the file's suffix.
        delimiter: The character between CSV fields; None for a comma.
        ignored: Fields that are not compared.
        is_ordered: Whether the order of the rows counts.
        is_exact: Whether a bigint differs from a float, and datetimes count as written.
        is_required: Whether the output is compared at all.
    """

    name: str
    place: Place
    path: Path | None = None
    rows: Sequence[Mapping[str, Any]] | None = None
    format: str | None = None
    delimiter: str | None = None
    ignored: frozenset[str] = frozenset()
    is_ordered: bool = False
    is_exact: bool = False
    is_required: bool = True


class JobTest(Struct, frozen=True):
    """A test of a job.

    Attributes:
        name: What it shows.
        place: Where it stands.
        inputs: What inputs hold in this test; the job's other inputs stay as they are.
        outputs: What outputs must get.
        tolerance: The relative distance within which floats are equal.
        replay: A recording of scores that answers for the scoring functions.
    """

    name: str
    place: Place
    inputs: tuple[InputSpec, ...] = ()
    outputs: tuple[ExpectedRows, ...] = ()
    tolerance: float = DEFAULT_TOLERANCE
    replay: Path | None = None
