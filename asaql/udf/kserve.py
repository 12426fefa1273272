"""The open inference protocol, which KServe calls its second version: rows as tensors.

Rows that are arrays or single values go out as one tensor, records as a tensor for each field, with one value a row.
What a model says of its inputs (`GET` of the address without `/infer`) names the tensors and their types; without it
the types are those of the values, and a lone tensor is called `input-0`.
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from math import prod
from typing import Any, Final

import orjson
from msgspec import Struct

from asaql.model import Value
from asaql.udf.scoring_answer import AnswerError, decode_answer, quoted, rows
from asaql.udf.scoring_values import CONVERTERS, ElementType, plain

_LONE_TENSOR: Final = "input-0"
_NULLS: Final = "WHERE <column> IS NOT NULL"


class EnvelopeError(ValueError):
    """Rows have no form in a protocol.

    Attributes:
        help: What to type instead, or None.
    """

    def __init__(self, text: str, help_: str | None = None) -> None:
        super().__init__(text)
        self.help = help_


class Tensor(Struct, frozen=True):
    """What a model says of an input: its name and the type of its elements, as `FP32`."""

    name: str
    datatype: str


def read_metadata(description: Any) -> tuple[Tensor, ...]:
    """Return the inputs in a model's description of itself; none if there is no description."""
    inputs = description.get("inputs") if isinstance(description, Mapping) else None
    if not isinstance(inputs, list):
        return ()
    found = [each for each in inputs if isinstance(each, Mapping) and "name" in each]
    return tuple(Tensor(str(each["name"]), str(each.get("datatype", ""))) for each in found)


class KServeEnvelope:
    """Writes tensors and reads them.

    Args:
        inputs: What the model says of its inputs.
        request_name: The name of a lone tensor, instead of the model's.
        response_name: The output that holds the results; None for all: several make a record for each row.
    """

    def __init__(
        self, inputs: Sequence[Tensor] = (), request_name: str | None = None, response_name: str | None = None
    ) -> None:
        self._inputs = {each.name.casefold(): each for each in inputs}
        self._lone = request_name or (inputs[0].name if len(inputs) == 1 else _LONE_TENSOR)
        self._response_name = response_name

    def encode(self, rows: Sequence[Value], /) -> bytes:
        """Return the body of the request for rows.

        Raises:
            EnvelopeError: A value is NULL or of a kind that tensors do not hold, or rows differ in their form.
        """
        return orjson.dumps({"inputs": self._tensors(rows)}, default=plain)

    def _tensors(self, rows: Sequence[Value]) -> list[dict[str, Any]]:
        first = rows[0]
        if isinstance(first, dict):
            if any(not isinstance(each, dict) or each.keys() != first.keys() for each in rows):
                message = "rows of one request have different fields, and a tensor needs all of them"
                raise EnvelopeError(message, _NULLS)
            return [self._tensor(name, [each[name] for each in rows], [len(rows), 1]) for name in first]  # type: ignore[index,call-overload]
        if isinstance(first, list):
            width = len(first)
            if any(not isinstance(each, list) or len(each) != width for each in rows):
                message = "rows of one request have different numbers of elements, and a tensor needs equal ones"
                raise EnvelopeError(message)
            if width == len(self._inputs) > 1:
                columns = zip(self._inputs.values(), zip(*rows, strict=True), strict=True)
                return [self._tensor(each.name, list(values), [len(rows), 1]) for each, values in columns]
            return [self._tensor(self._lone, list(chain.from_iterable(rows)), [len(rows), width])]  # type: ignore[arg-type]
        return [self._tensor(self._lone, list(rows), [len(rows)])]

    def _tensor(self, name: str, values: list[Any], shape: list[int]) -> dict[str, Any]:
        declared = self._inputs.get(name.casefold())
        if declared is not None and declared.datatype:
            datatype, spelled = declared.datatype, declared.name
            convert = CONVERTERS.get(_element_type(datatype))
            values = values if convert is None else [convert(each) for each in values]
        else:
            datatype, spelled = _datatype(name, values), name
        if None in values:
            message = f'tensor "{name}" would hold NULL, for which tensors have no form'
            raise EnvelopeError(message, _NULLS)
        return {"name": spelled, "shape": shape, "datatype": datatype, "data": values}

    def read(self, body: bytes, row_count: int, /) -> list[Value]:
        """Return the results in an answer: elements, arrays of them, or records of several outputs."""
        answer = decode_answer(body)
        outputs = answer.get("outputs") if isinstance(answer, dict) else None
        if not isinstance(outputs, list) or not outputs or not all(isinstance(each, dict) for each in outputs):
            message = f'no array "outputs" with results for {rows(row_count)}'
            raise AnswerError(message)
        by_name = {str(each.get("name")): _values(each, row_count) for each in outputs}
        if self._response_name is not None:
            if self._response_name not in by_name:
                message = f"outputs {', '.join(map(quoted, by_name))} without {quoted(self._response_name)}"
                raise AnswerError(message, is_about_names=True)
            return by_name[self._response_name]
        if len(by_name) == 1:
            return next(iter(by_name.values()))
        return [dict(zip(by_name, row, strict=True)) for row in zip(*by_name.values(), strict=True)]


def _datatype(name: str, values: Sequence[Any]) -> str:
    """Return the type that fits all values of a tensor."""
    kinds = {type(each) for each in values if each is not None}
    if kinds <= {bool}:
        return "BOOL"
    if kinds <= {int}:
        return "INT64"
    if kinds <= {int, float}:
        return "FP64"
    if kinds & {list, dict} or len(kinds) > 1:
        message = f'tensor "{name}" would hold values of different kinds'
        raise EnvelopeError(message, "pass a record (a step's name), so that each column is a tensor of its own")
    return "BYTES"


def _element_type(datatype: str) -> ElementType:
    if datatype.startswith("FP") or datatype == "BF16":
        return ElementType.NUMBER
    if datatype.startswith(("INT", "UINT")):
        return ElementType.INTEGER
    return {"BOOL": ElementType.BIT, "BYTES": ElementType.TEXT}.get(datatype, ElementType.OPEN)


def _values(output: Mapping[str, Any], row_count: int) -> list[Value]:
    """Return what a tensor holds for each row."""
    data, shape = output.get("data"), output.get("shape")
    name = quoted(str(output.get("name")))
    if not isinstance(data, list) or not isinstance(shape, list) or not all(isinstance(each, int) for each in shape):
        message = f"output {name} without data and shape"
        raise AnswerError(message)
    if not shape or shape[0] != row_count:
        message = f"output {name} of shape {shape} for {rows(row_count)}"
        raise AnswerError(message)
    while data and isinstance(data[0], list):
        # Elements may come nested as well as in one row.
        data = list(chain.from_iterable(data))
    if len(data) != prod(shape):
        message = f"output {name} with {len(data):,} elements and shape {shape}"
        raise AnswerError(message)
    inner = shape[1:]
    while inner and inner[-1] == 1:
        inner.pop()
    for size in reversed(inner):
        data = [data[at : at + size] for at in range(0, len(data), size)]
    return data
