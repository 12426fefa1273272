"""How fast events are read and written, beside what the libraries do alone.

    python tests/bench/decode.py [EVENTS] [FILE]

Prints events per second of processor time for taxi events of about 143 bytes with ten fields, three of which are
needed. With FILE, such as a recording of your own with the same fields, reads that instead.
"""

import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import orjson
import polars as pl

from asaql.connectors import FileInput
from asaql.formats import Chunk, Projection, ReadOptions, chunks, decoder_for, encoder_for, splitter_for
from asaql.model import Column, Kind

NEEDED = ("tripTime", "vendor", "fare")


def write_events(path: Path, count: int) -> None:
    """Write events of a made-up taxi company."""
    choose = Random(1)
    with path.open("wb") as file:
        for number in range(count):
            event = {
                "id": number,
                "vendor": choose.choice(("CMT", "VTS")),
                "at": f"2013-01-{choose.randrange(1, 29):02d}T{choose.randrange(24):02d}:00:00Z",
                "tripTime": choose.randrange(60, 4000),
                "miles": round(choose.random() * 20, 2),
                "riders": choose.randrange(1, 6),
                "zone": choose.randrange(260),
                "fare": round(choose.random() * 50, 1),
                "tip": round(choose.random(), 2),
                "cash": choose.random() < 0.5,
            }
            file.write(orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE))


def paths(names: Iterable[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return a projection's fields."""
    return tuple((name, (name,)) for name in names)


def chunks_of(path: Path) -> Iterator[Chunk]:
    """Return the chunks of a file."""
    source = FileInput(path)
    return chunks(source.pieces(), splitter_for("json", source.name))


def decode(path: Path, projection: Projection, **options: Any) -> int:
    """Decode a file; return the number of events."""
    decoder = decoder_for("json", projection, ReadOptions(**options))
    return sum(decoder.decode(chunk).height for chunk in chunks_of(path))


def filter_project_write(path: Path) -> int:
    """Do what `SELECT vendor, fare WHERE tripTime > 2000` does; return the number of events."""
    decoder = decoder_for("json", Projection(paths(NEEDED)), ReadOptions())
    encoder = encoder_for("json", ["vendor", "fare"])
    count = 0
    with tempfile.TemporaryFile() as file:
        for chunk in chunks_of(path):
            decoded = decoder.decode(chunk)
            count += decoded.height
            mask = decoded.columns["tripTime"].series > 2000
            kept = {name: decoded.columns[name].filter(mask) for name in ("vendor", "fare")}
            file.write(encoder.encode(kept, int(mask.sum())))
    return count


def msgspec_alone(path: Path) -> int:
    """Decode with msgspec into Python lists of the needed fields, without any of the dialect's rules."""
    event = msgspec.defstruct("Event", [(name, Any, None) for name in NEEDED], gc=False)
    decoder = msgspec.json.Decoder(event)
    count = 0
    for chunk in chunks_of(path):
        rows = decoder.decode_lines(chunk.data)
        for name in NEEDED:
            pl.Series([getattr(row, name) for row in rows])
        count += len(rows)
    return count


def orjson_loop(path: Path) -> int:
    """Decode with orjson, event by event, into Python lists of the needed fields."""
    count = 0
    for chunk in chunks_of(path):
        rows = [orjson.loads(line) for line in chunk.data.splitlines()]
        for name in NEEDED:
            pl.Series([row.get(name) for row in rows])
        count += len(rows)
    return count


def report(name: str, work: Callable[[], int]) -> None:
    """Run some work and print its speed and the peak of memory so far."""
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        count = work()
        best = min(best, time.process_time() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{name:<46} {count / best / 1e3:8,.0f} k events/s   peak {peak:5.0f} MB")


def measure(path: Path) -> None:
    """Print all figures."""
    size = path.stat().st_size
    count = decode(path, Projection())
    print(f"{count:,} events, {size / count:.0f} bytes each, {size / 1e6:.0f} MB; processor time")
    other_case = [name.upper() for name in NEEDED]
    report("decode 3 of 10 fields", lambda: decode(path, Projection(paths(NEEDED))))
    report("decode 3 of 10 fields, spelled otherwise", lambda: decode(path, Projection(paths(other_case))))
    report("decode 2 fields and one that is missing", lambda: decode(path, Projection(paths([*NEEDED[:2], "none"]))))
    report("decode whole events", lambda: decode(path, Projection((), "record")))
    report("decode 3 of 10 fields at level 1.1", lambda: decode(path, Projection(paths(NEEDED)), level="1.1"))
    report("decode, filter, project, write", lambda: filter_project_write(path))
    report("msgspec alone, 3 fields", lambda: msgspec_alone(path))
    report("orjson event by event, 3 fields", lambda: orjson_loop(path))
    report("split only", lambda: sum(chunk.data.count(b"\n") for chunk in chunks_of(path)))
    measure_encoding()


def measure_encoding() -> None:
    """Print how fast rows are written."""
    height = 100_000
    numbers = pl.int_range(height, dtype=pl.Int64, eager=True)
    columns = {
        "n": Column(Kind.BIGINT, numbers),
        "f": Column(Kind.FLOAT, numbers.cast(pl.Float64)),
        "s": Column(Kind.NVARCHAR, numbers.cast(pl.String)),
    }
    at = Column(Kind.DATETIME, numbers * 10_000_019 + 638_396_640_000_000_000)
    record = Column.constant({"x": 1})
    plain, dated, mixed = columns, {**columns, "t": at}, {**columns, "r": record}
    for format_ in ("json", "csv"):
        for name, rows in (("plain values", plain), ("and a datetime", dated), ("and a record", mixed)):
            encoder = encoder_for(format_, list(rows))
            report(f"encode {format_}, {name}", lambda e=encoder, r=rows: len(e.encode(r, height)) and height)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        measure(Path(sys.argv[2]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            recording = Path(folder) / "taxi.ndjson"
            write_events(recording, int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
            measure(recording)
