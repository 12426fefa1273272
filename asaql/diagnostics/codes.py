"""The registry of diagnostic codes.

Ranges: 1xx syntax, 2xx names, 3xx types and values, 4xx time and windows, 5xx partitioning, 6xx functions (JavaScript
and scoring), 7xx jobs, inputs and outputs, 8xx lint, 9xx bugs of asaql. A code is never used for a second meaning.
"""

from msgspec import Struct


class Code(Struct, frozen=True):
    """A code with its title and the paragraph that `docs/errors.md` prints."""

    code: str
    title: str
    explanation: str


def _registry(*codes: Code) -> dict[str, Code]:
    registry: dict[str, Code] = {}
    for each in codes:
        if each.code in registry:
            message = f"code {each.code} is registered twice"
            raise ValueError(message)
        registry[each.code] = each
    return registry


CODES = _registry(
    # 1xx: syntax
    Code("AQ101", "syntax", "The text does not follow the grammar at this place."),
    Code("AQ102", "text without an end", "A string, a quoted name or a comment is opened and never closed."),
    Code("AQ103", "number out of range", "A whole number in the query does not fit 64 bits."),
    Code(
        "AQ104",
        "not in the dialect",
        "SQL that other engines have and this dialect has not, with what to write instead.",
    ),
    Code(
        "AQ105", "documented slip", "Spelling that Microsoft's own pages print although the grammar does not allow it."
    ),
    # 2xx: names
    Code("AQ201", "unknown source", "FROM or JOIN names neither a step nor an input."),
    Code(
        "AQ202", "duplicate name", "Two steps, columns, sources or declarations have names that differ at most in case."
    ),
    Code("AQ203", "unknown column", "The step or table read here has no such column."),
    Code("AQ204", "ambiguous column", "With several sources, a column must be written with its source."),
    Code("AQ205", "unknown function", "No built-in function has this name."),
    Code("AQ206", "wrong number of arguments", "The function takes another number of arguments."),
    Code("AQ207", "function of another dialect", "The function exists in other SQL dialects and not in this one."),
    Code("AQ208", "undeclared function", "A user-defined function is called and the job declares none of that name."),
    Code("AQ209", "function prefix", "User-defined functions need their prefix and built-in functions must have none."),
    Code("AQ210", "step outside FROM", "A step is used as a value although the statement does not read from it."),
    Code("AQ211", "column needs a name", "A step's column that is an expression needs AS and a name."),
    # 3xx: types and values
    Code("AQ301", "unknown type", "CAST or CREATE TABLE names a type that the dialect has not."),
    Code("AQ302", "value cannot be converted", "A CAST or an implicit conversion met a value that it cannot convert."),
    Code("AQ303", "overflow", "A result does not fit a bigint or a float."),
    Code("AQ304", "division by zero", "The right operand of / or % is zero."),
    Code("AQ305", "wrong kind of value", "A function or an operator met a value of a kind that it does not take."),
    Code("AQ306", "wrong argument", "An argument has a kind or a value that the function does not take."),
    Code(
        "AQ307",
        "union of unlike columns",
        "The branches of a UNION differ in the number, names or types of their columns.",
    ),
    # 4xx: time and windows
    Code("AQ401", "window required", "GROUP BY needs exactly one window or System.Timestamp()."),
    Code("AQ402", "column not grouped", "Beside aggregates, SELECT may use grouped expressions only."),
    Code("AQ403", "star with GROUP BY or JOIN", "A bare * is not allowed with GROUP BY or JOIN."),
    Code("AQ404", "window definition", "The arguments of a window are not of the form the window takes."),
    Code("AQ405", "TIMESTAMP BY misplaced", "TIMESTAMP BY belongs to an input and reads its payload only."),
    Code(
        "AQ406", "join without time bound", "A join of two streams needs a DATEDIFF that bounds their distance in time."
    ),
    Code("AQ407", "aggregate misplaced", "An aggregate stands where no group is."),
    Code("AQ408", "OVER clause", "OVER is missing, not allowed here, or lacks a part."),
    Code("AQ409", "pattern matching", "A MATCH_RECOGNIZE clause breaks one of its rules."),
    Code("AQ410", "reference data", "Reference data is used where only a stream can stand, or the other way round."),
    # 5xx: partitioning
    Code("AQ501", "partitioning", "PARTITION BY names a key or a count that cannot be used."),
    # 6xx: functions
    Code(
        "AQ601", "JavaScript source", "A JavaScript function's source does not compile or defines no usable function."
    ),
    Code("AQ602", "JavaScript exception", "A JavaScript function raised an exception for a row."),
    Code("AQ603", "JavaScript limit", "A JavaScript function ran too long or used too much memory."),
    Code("AQ604", "JavaScript result", "A JavaScript function returned a value that has no type in the dialect."),
    Code("AQ611", "scoring refused", "The scoring service answered with a status that is not retried."),
    Code("AQ612", "scoring answer", "The scoring service's answer cannot be matched with the rows of the request."),
    Code("AQ613", "scoring signature", "The argument of a scoring function does not fit the service's signature."),
    Code("AQ614", "scoring server", "The local inference server of an entry script did not start."),
    Code("AQ615", "scoring time-out", "The scoring service did not answer in time."),
    Code("AQ616", "scoring recording", "A recording of scores cannot be read, or lacks a row that is to be scored."),
    # 7xx: jobs, inputs, outputs
    Code("AQ701", "job file", "A job file, project or template does not have the shape it must have."),
    Code("AQ702", "file not found", "A file that the command line or the job names cannot be read."),
    Code("AQ703", "malformed event", "An event could not be read; it was dropped and the job went on."),
    Code("AQ704", "output not written", "An output could not be written."),
    Code("AQ705", "input without data", "The query reads an input for which no data was given."),
    Code("AQ706", "retired feature", "The job uses a feature of the service that has been retired."),
    Code("AQ707", "environment variable", "A job file names an environment variable that is not set."),
    Code(
        "AQ708", "unused setting", "A setting of the job or command line names something that the query does not have."
    ),
    Code("AQ709", "event time", "An event's TIMESTAMP BY value is missing or no datetime; the event was dropped."),
    Code("AQ710", "case file", "A file of recorded cases does not follow the form that such files have."),
    Code("AQ711", "input of another format", "What an input holds is not of the format it should have, or is damaged."),
    Code("AQ715", "metrics port", "Metrics cannot be served: the port is taken, or the library for it is missing."),
    # 8xx: lint
    Code(
        "AQ801",
        "MAX or MIN over text",
        "MAX and MIN read text as numbers unless a CAST says otherwise, and fail on text that is none.",
    ),
    Code("AQ802", "unused step", "No statement reads the step, directly or through other steps."),
    Code("AQ803", "scoring in CASE", "A scoring function in a CASE is asked for every row, whichever branch is taken."),
    Code(
        "AQ804",
        "implicit arrival time",
        "Windows, joins and functions of time over an input without TIMESTAMP BY go by the arrival of its events.",
    ),
    Code(
        "AQ805",
        "comparison with NULL",
        "A comparison with NULL is false, so that NOT of it is true and <> drops the row: rarely what is meant.",
    ),
    # 9xx: asaql itself
    Code("AQ999", "bug", "asaql met a state it should never be in; please report it."),
)
