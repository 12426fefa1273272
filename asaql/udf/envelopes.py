"""What stands around the rows of a request and the results of an answer, by the protocol a service speaks.

| envelope | rows of arrays | rows of records | results |
|---|---|---|---|
| `azureml` | `{"data": [...]}`, or as the service's description says | the same | a bare array, or as described |
| `mlflow` | `{"inputs": [...]}` | `{"dataframe_split": {"columns": [...], "data": [...]}}` | `{"predictions": [...]}` |
| `kserve` | one tensor | a tensor for each field | the tensors of `{"outputs": [...]}` |
| `tensorflow` | `{"instances": [...]}` | the same | `{"predictions": [...]}` |

`kserve` is the second version of that protocol, the open inference protocol; its first version is `tensorflow`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

import orjson

from asaql.model import Value
from asaql.udf.kserve import KServeEnvelope, read_metadata
from asaql.udf.scoring_answer import AnswerError, decode_answer, read_answer, rows
from asaql.udf.scoring_spec import ScoringFunction
from asaql.udf.scoring_values import plain
from asaql.udf.signature import Signature, read_signature, split_rows, with_names, with_row_type

_MLFLOW_FORMS: Final = ("inputs", "instances", "dataframe_split", "dataframe_records")


class Envelope(Protocol):
    """Writes requests and reads answers."""

    def encode(self, rows: Sequence[Value], /) -> bytes:
        """Return the body of the request for rows; `EnvelopeError` if the protocol has no form for them."""
        ...

    def read(self, body: bytes, row_count: int, /) -> list[Value]:
        """Return the results in an answer, one per row; `AnswerError` if it has not as many."""
        ...


class DescribedEnvelope:
    """An object with an array of rows, and an array of results."""

    def __init__(self, signature: Signature) -> None:
        self._signature = signature

    def encode(self, rows: Sequence[Value], /) -> bytes:
        """Return the body of the request for rows."""
        return self._signature.encode(rows)

    def read(self, body: bytes, row_count: int, /) -> list[Value]:
        """Return the results in an answer."""
        return read_answer(body, row_count, self._signature.response_path)


class MLflowEnvelope:
    """What MLflow's scoring server takes and gives.

    Args:
        form: One of the names that requests may begin with; None to choose by the rows: `dataframe_split` for records,
            `inputs` for all else.
        result_name: The name of the results.
    """

    def __init__(self, form: str | None = None, result_name: str | None = None) -> None:
        self._form = form
        self._path = tuple((result_name or "predictions").split("/"))

    def encode(self, rows: Sequence[Value], /) -> bytes:
        """Return the body of the request for rows."""
        form = self._form or ("dataframe_split" if any(isinstance(each, dict) for each in rows) else "inputs")
        sent: Any = split_rows(rows, ("columns", None, "data")) if form == "dataframe_split" else rows
        return orjson.dumps({form: sent}, default=plain)

    def read(self, body: bytes, row_count: int, /) -> list[Value]:
        """Return the results in an answer; named outputs become records."""
        answer = decode_answer(body)
        named = answer.get(self._path[0]) if isinstance(answer, dict) else None
        if isinstance(named, dict) and len(self._path) == 1:
            return _records(named, row_count)
        return read_answer(body, row_count, self._path)


def _records(columns: Mapping[str, Any], row_count: int) -> list[Value]:
    """Return results that come by column as a record for each row."""
    for name, values in columns.items():
        if not isinstance(values, list) or len(values) != row_count:
            message = f'an output "{name}" that has not one value for each of {rows(row_count)}'
            raise AnswerError(message)
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def make_envelope(function: ScoringFunction, description: Any, score_path: str) -> tuple[Envelope, Signature]:
    """Return what writes requests and reads answers of a function, and what is known of its rows and results.

    Args:
        function: What the job says.
        description: What the service says of itself, parsed; None if nothing.
        score_path: The path of the score URL, to find the operation in the description.
    """
    request, response = function.request_name, function.response_name
    match function.envelope:
        case "mlflow":
            form = request if request in _MLFLOW_FORMS else None
            return MLflowEnvelope(form, response), Signature()
        case "kserve":
            return KServeEnvelope(read_metadata(description), request, response), Signature()
        case "tensorflow":
            known = Signature(request_path=("instances",), response_path=("predictions",))
        case _:
            known = read_signature(description, score_path) or Signature()
    known = with_names(with_row_type(known, function.input_type), request, response)
    return DescribedEnvelope(known), known
