"""The keys of a job file, in one table; and the JSON Schema that is published from it."""

from typing import Any, Final

from asaql.diagnostics import CODES
from asaql.jobs.functions import OUTPUT_TYPES
from asaql.jobs.records import Event, Field, ListOf, Named, Record
from asaql.jobs.shapes import Choice, Duration, Fraction, Moment, Text, Truth, Whole
from asaql.udf.scoring_spec import ENVELOPES

LEVELS: Final = ("1.0", "1.1", "1.2")
SILENCEABLE: Final = ("AQ105", "AQ208", *(each for each in CODES if each.startswith("AQ8")))
"""The codes of warnings about queries, which can be switched off."""

MAX_STREAMING_UNITS: Final = 100_000

_INPUT = Record(
    "an input",
    (
        Field("path", Text(), "The file with the events, relative to the job file; - is standard input."),
        Field("events", ListOf(Event()), "The events themselves, instead of a file."),
        Field("format", Choice(("json", "csv", "avro", "parquet")), "The file's format; by default its suffix says."),
        Field("delimiter", Text(), "The character between the fields of a CSV file; tab is written as a tab or \\t."),
        Field("reference", Truth(), "Whether this is reference data; false by default."),
        Field("date_format", Text(), "What {date} in the path of reference data stands for; YYYY/MM/DD by default."),
        Field("time_format", Text(), "What {time} in the path of reference data stands for; HH by default."),
    ),
    at_most_one_of=("path", "events"),
    short="path",
)
_OUTPUT = Record(
    "an output",
    (
        Field("path", Text(), "The file to write, relative to the job file; - is standard output.", is_required=True),
        Field("format", Choice(("json", "csv", "parquet")), "The file's format; by default its suffix says."),
        Field("delimiter", Text(), "The character between the fields of a CSV file."),
    ),
    short="path",
)
_JAVASCRIPT = Record(
    "a JavaScript function",
    (
        Field("file", Text(), "The file with the function, relative to the job file."),
        Field("inline", Text(is_verbatim=True), "The function's text."),
        Field("kind", Choice(("scalar", "aggregate")), "udf or uda; by default the query's calls say which."),
        Field("output_type", Choice(OUTPUT_TYPES), "The type of the result; any by default."),
        Field("input_types", ListOf(Choice(OUTPUT_TYPES)), "The types of the arguments; their number is checked."),
    ),
    one_of=("file", "inline"),
    short="file",
)
_SCORING = Record(
    "a scoring function",
    (
        Field("url", Text(), "The address that rows are posted to."),
        Field("entry_script", Text(), "A scoring script with init() and run(), served on this machine for the run."),
        Field("model_dir", Text(), "The folder that an entry script finds as AZUREML_MODEL_DIR."),
        Field("replay", Text(), "A recording of scores that answers instead of a service."),
        Field("key", Text(), "The service's key, sent as a bearer token; write ${NAME} to keep it out of the file."),
        Field("key_file", Text(), "A file that holds the key."),
        Field("headers", Named("header", Text()), "Further headers of every request."),
        Field("max_batch_rows", Whole(1, 10_000), "How many rows a request holds at most; 1,000 by default."),
        Field("parallel_requests", Whole(1, 1_000), "How many requests a partition has in flight; 20 by default."),
        Field("timeout", Duration(allows_none=False), "How long to wait for an answer; 100s by default."),
        Field("swagger", Text(), "The service's signature: a file or an address."),
        Field("envelope", Choice(ENVELOPES), "The protocol that the service speaks; azureml by default."),
        Field("request_name", Text(), "The name of the rows in the request; data by default."),
        Field("response_name", Text(), "The name of the results in the answer."),
        Field("retried_statuses", ListOf(Whole(400, 599)), "Statuses that are tried again; 429 and 503 by default."),
    ),
    one_of=("url", "entry_script", "replay"),
    at_most_one_of=("key", "key_file"),
    short="url",
)
_FUNCTION = Record(
    "a function",
    (
        Field("javascript", _JAVASCRIPT, "A function or aggregate in JavaScript."),
        Field("scoring", _SCORING, "A function that a scoring service computes."),
    ),
    one_of=("javascript", "scoring"),
)
_TIME_POLICIES = Record(
    "the time policies",
    (
        Field("late_arrival", Duration(), "How far an event's time may lie behind its arrival; none by default."),
        Field("out_of_order", Duration(), "How far events may be out of order; none by default, which sorts them all."),
        Field("out_of_order_policy", Choice(("adjust", "drop")), "What is done with events beyond; adjust by default."),
        Field("early_arrival", Duration(), "How far an event's time may lie ahead of its arrival; none by default."),
    ),
)
_EXPECTED = Record(
    "an expected output",
    (
        Field("path", Text(), "The file with the rows, relative to the job file."),
        Field("rows", ListOf(Event()), "The rows themselves, instead of a file."),
        Field("format", Choice(("json", "csv")), "The file's format; by default its suffix says."),
        Field("delimiter", Text(), "The character between the fields of a CSV file."),
        Field("ignore", ListOf(Text()), "Fields of this output that are not compared."),
        Field("ordered", Truth(), "Whether the order of the rows counts; false by default."),
        Field("exact", Truth(), "Whether 3 and 3.0 differ, and datetimes count as written; false by default."),
        Field("required", Truth(), "Whether the output is compared at all; true by default."),
    ),
    one_of=("path", "rows"),
    short="path",
)
_TEST = Record(
    "a test",
    (
        Field("name", Text(), "What the test shows; no two tests of a job have the same name.", is_required=True),
        Field("inputs", Named("input", _INPUT), "What inputs hold in this test; others are those of the job."),
        Field("expected", Named("output", _EXPECTED), "The rows that outputs must get.", is_required=True),
        Field("ignore", ListOf(Text()), "Fields that are not compared in any output."),
        Field("tolerance", Fraction(), "The relative distance within which floats are equal; 1e-9 by default."),
        Field("replay", Text(), "A recording of scores that answers for the scoring functions."),
    ),
)
_LINT = Record(
    "the settings of lint",
    (Field("ignore", ListOf(Choice(SILENCEABLE)), "Codes of warnings that are not shown; errors always are."),),
)
JOB_SHAPE: Final = Record(
    "a job",
    (
        Field("name", Text(), "The job's name; by default the file's."),
        Field("query", Text(is_verbatim=True), "The query's text."),
        Field("query_file", Text(), "The file with the query, relative to the job file."),
        Field("inputs", Named("input", _INPUT), "What FROM and JOIN read, by name."),
        Field("outputs", Named("output", _OUTPUT), "What INTO writes, by name."),
        Field("functions", Named("function", _FUNCTION), "The functions called as udf.name or uda.name."),
        Field("time_policies", _TIME_POLICIES, "What happens to late, early and out-of-order events."),
        Field("start_time", Moment(), "When events arrive that do not say so; 1970-01-01T00:00:00Z by default."),
        Field("streaming_units", Whole(1, MAX_STREAMING_UNITS), "The job's size; six units make a partition."),
        Field("compatibility_level", Choice(LEVELS), "The level of the dialect; 1.2 by default."),
        Field("locale", Text(), "The job's culture; en-US by default."),
        Field("output_error_policy", Choice(("retry", "drop")), "What is done with rows that cannot be written."),
        Field("ignore_case", Truth(), "Whether the comparison of texts ignores case; false by default."),
        Field("lint", _LINT, "What asaql check warns about."),
        Field("tests", ListOf(_TEST), "What asaql test runs; no other command reads it."),
    ),
    one_of=("query", "query_file"),
)


def published_schema() -> dict[str, Any]:
    """Return the JSON Schema of job files."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "asaql job",
        **JOB_SHAPE.json_schema(),
    }
