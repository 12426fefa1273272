"""What a job says about a JavaScript function: its alias, its source and its types.

Plain data, without V8, so that a job can be read, checked and sent to another process at little cost.
"""

from typing import Literal

from msgspec import Struct

from asaql.diagnostics import Source


class ScriptFunction(Struct, frozen=True):
    """One JavaScript function as a job declares it.

    Attributes:
        name: The alias under which queries call it, without `udf.` or `uda.`.
        source: The script; its name stands in messages.
        kind: `scalar` for `udf.`, `aggregate` for `uda.`; None if the job does not say.
        output_type: `any`, or the type that results are converted to: `bigint`, `float`, `nvarchar(max)`, `datetime`,
            `bit`, `record` or `array`.
        input_types: The declared types of the parameters, None without a declaration. Arguments are not converted.
    """

    name: str
    source: Source
    kind: Literal["scalar", "aggregate"] | None = "scalar"
    output_type: str = "any"
    input_types: tuple[str, ...] | None = None
