"""What a scoring service takes and gives, read from the description it serves (`swagger.json`).

`read_signature` is a pure function from the parsed description, OpenAPI 2 or 3, to a `Signature`:

1. the operation is the POST of the score URL's path, else the only POST there is;
2. the request is an object, and the rows are the array found first in it: `{"data": [...]}`, or
   `{"Inputs": {"WebServiceInput0": [...]}, "GlobalParameters": {}}`;
3. the items of that array tell the shape of a row, and the types of its values;
4. the answer is an array, or an object with an array in it, found the same way.

What a description leaves open stays open: rows are then sent as they are.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Any, Final, TypeAlias

import orjson

from asaql.diagnostics import Diagnostic
from asaql.model import Value
from asaql.udf.scoring_values import CONVERTERS, Convert, ElementType, plain, record_converter, to_integer, to_text

_Schema: TypeAlias = Mapping[str, Any]

_MAX_DEPTH: Final = 6
"""How deep in a request or an answer the rows are looked for, and how long a chain of references may be."""

_DESIGNER_ANSWER: Final = ("Results", "WebServiceOutput0")


class RowShape(StrEnum):
    """What one row of a request is."""

    ARRAY = "array"
    RECORD = "record"
    SCALAR = "scalar"
    OPEN = "any"
    """The service does not say."""


@dataclass(frozen=True)
class Signature:
    """How rows are written into requests, and where results are found in answers.

    Attributes:
        request_path: The names under which the array of rows stands in a request.
        response_path: The names under which the array of results stands in an answer; empty for a bare array.
        row_shape: What one row is.
        element_type: The type of a scalar row, or of the elements of an array row.
        field_types: The types of a record row's fields, by case-folded name.
        result_type: The type of a result, where that is a scalar.
        further: What a request holds beside the rows, such as `GlobalParameters`.
        split: The names of columns, of row numbers (None for none) and of values in an object that holds rows split
            into these, such as `{"columns": [...], "index": [...], "data": [...]}`; None for an array of rows.
    """

    request_path: tuple[str, ...] = ("data",)
    response_path: tuple[str, ...] = ()
    row_shape: RowShape = RowShape.OPEN
    element_type: ElementType = ElementType.OPEN
    field_types: Mapping[str, ElementType] = field(default_factory=dict, hash=False)
    result_type: ElementType = ElementType.OPEN
    further: Mapping[str, Any] = field(default_factory=dict, hash=False)
    split: "Split | None" = None

    def encode(self, rows: Sequence[Value]) -> bytes:
        """Return the body of the request for `rows`, values converted to the declared types.

        Numbers, bits and datetimes are written as text where the service declares strings, text that holds a number
        as a number where it declares numbers. A value that cannot be converted is sent as it is, and NULL as null.
        """
        convert = self._convert
        sent: Any = rows if convert is None else [convert(row) for row in rows]
        if self.split is not None:
            sent = split_rows(sent, self.split)
        body: dict[str, Any] = {self.request_path[-1]: sent}
        for name in reversed(self.request_path[:-1]):
            body = {name: body}
        return orjson.dumps({**body, **self.further}, default=plain)

    @cached_property
    def _convert(self) -> Convert | None:
        return _row_converter(self)

    def check_argument(self, name: str, shape: str) -> Diagnostic | None:
        """Return what is wrong with an argument of this shape, or None.

        Args:
            name: The function's name, for the message.
            shape: `array`, `record`, or anything else for a single value; `any` is never wrong.
        """
        given = RowShape(shape) if shape in set(RowShape) else RowShape.SCALAR
        if RowShape.OPEN in (given, self.row_shape) or given is self.row_shape:
            return None
        return Diagnostic(
            "AQ613",
            f'scoring function "{name}" is given {_article(given)} and its service takes {_article(self.row_shape)}',
            notes=(f"the service declares {self._declared()}",),
            help=_ADVICE[self.row_shape].format(name=name),
        )

    def _declared(self) -> str:
        rows = "/".join(self.request_path)
        if self.row_shape is RowShape.RECORD:
            fields = ", ".join(f"{each} {kind}" for each, kind in self.field_types.items())
            return f'"{rows}" as an array of objects' + (f" with {fields}" if fields else "")
        of = "values" if self.element_type is ElementType.OPEN else f"{self.element_type} values"
        return f'"{rows}" as an array of ' + (f"arrays of {of}" if self.row_shape is RowShape.ARRAY else of)


Split: TypeAlias = tuple[str, str | None, str]


def split_rows(rows: Sequence[Value], names: Split) -> dict[str, Any]:
    """Return rows with their columns' names apart; rows that are arrays have none.

    Args:
        rows: Records or arrays.
        names: What columns, row numbers (None for none) and values are called.
    """
    columns_name, index_name, rows_name = names
    split: dict[str, Any] = {}
    values: Sequence[Any] = rows
    if any(isinstance(each, dict) for each in rows):
        columns = list(dict.fromkeys(name for each in rows if isinstance(each, dict) for name in each))
        split[columns_name] = columns
        values = [[each.get(name) for name in columns] if isinstance(each, dict) else each for each in rows]
    if index_name is not None:
        split[index_name] = list(range(len(rows)))
    split[rows_name] = values
    return split


_ADVICE: Final = {
    RowShape.ARRAY: "udf.{name}(udf.createArray(<columns>)) with a JavaScript function that returns an array",
    RowShape.RECORD: "WITH Dataframe AS (SELECT <columns> FROM <input>) SELECT udf.{name}(Dataframe) FROM Dataframe",
    RowShape.SCALAR: "udf.{name}(<one column>)",
}


def _article(shape: RowShape) -> str:
    return {RowShape.ARRAY: "arrays", RowShape.RECORD: "records", RowShape.SCALAR: "single values"}[shape]


def with_names(signature: Signature, request_name: str | None, response_name: str | None) -> Signature:
    """Return the signature with the names that a job declares in place of those of the description.

    A name without "/" replaces the innermost name. Where there is no description, a name that begins as the
    designer's names do (`WebServiceInput0`, `WebServiceOutput0`) stands in the designer's outer object.
    """
    request, response, further = signature.request_path, signature.response_path, dict(signature.further)
    if request_name:
        request = _renamed(request, request_name, "Inputs", "WebServiceInput")
        if request[0] == "Inputs" != signature.request_path[0]:
            further.setdefault("GlobalParameters", {})
    if response_name:
        response = _renamed(response, response_name, "Results", "WebServiceOutput")
    elif request[0] == "Inputs" and not response:
        response = _DESIGNER_ANSWER
    return replace(signature, request_path=request, response_path=response, further=further)


def with_row_type(signature: Signature, input_type: str | None) -> Signature:
    """Return the signature with the shape of rows that a template declares, if the service declares none."""
    declared = (input_type or "").casefold()
    if signature.row_shape is not RowShape.OPEN or declared not in (RowShape.ARRAY, RowShape.RECORD):
        return signature
    return replace(signature, row_shape=RowShape(declared))


def _renamed(path: tuple[str, ...], name: str, outer: str, prefix: str) -> tuple[str, ...]:
    if "/" in name:
        return tuple(part for part in name.split("/") if part) or path
    if len(path) < 2 and name.startswith(prefix):
        return (outer, name)
    return (*path[:-1], name)


def _row_converter(signature: Signature) -> Convert | None:
    """Return the function that converts one row, or None where rows are sent as they are."""
    if signature.row_shape is RowShape.RECORD:
        return record_converter(signature.field_types)
    convert = CONVERTERS.get(signature.element_type)
    if convert is None:
        return None
    if signature.row_shape is RowShape.SCALAR:
        return convert
    if signature.row_shape is RowShape.ARRAY:
        return lambda row: [convert(value) for value in row] if type(row) is list else row
    return None


def result_converter(signature: Signature, output_type: str | None) -> Convert | None:
    """Return the function that gives a scalar result the type the job or else the service declares, or None.

    Only what keeps the value is done: a whole number becomes a float where floats are declared, a whole float a
    bigint where bigints are, and a number text where text is.
    """
    declared = (output_type or "").casefold()
    kind = _DECLARED_OUTPUTS.get(
        declared.partition("(")[0], signature.result_type if not declared else ElementType.OPEN
    )
    if kind is ElementType.NUMBER:
        return lambda value: float(value) if type(value) is int else value
    if kind is ElementType.INTEGER:
        return lambda value: to_integer(value) if type(value) is float else value
    return to_text if kind is ElementType.TEXT and declared else None


_DECLARED_OUTPUTS: Final = {
    "float": ElementType.NUMBER,
    "bigint": ElementType.INTEGER,
    "nvarchar": ElementType.TEXT,
}


# Descriptions into signatures


def read_signature(description: Any, score_path: str = "/score") -> Signature | None:
    """Return the signature that a service's description declares, or None if it declares none.

    Args:
        description: The parsed `swagger.json`.
        score_path: The path of the score URL, to tell several operations apart.
    """
    if not isinstance(description, Mapping):
        return None
    schemas = _Schemas(description)
    operation = _score_operation(schemas, score_path)
    if operation is None:
        return None
    found = schemas.array_in(_request_schema(schemas, operation))
    if found is None:
        return None
    shape, element, fields = _row(schemas, found.items)
    if found.split is not None:
        # Rows come apart anyway, so arrays and records will both do.
        shape = RowShape.OPEN
    answer = schemas.array_in(_response_schema(schemas, operation))
    usual = _DESIGNER_ANSWER if found.path[:1] == ("Inputs",) else ()
    response, result = (answer.path, _element_type(answer.items)) if answer else (usual, ElementType.OPEN)
    return Signature(found.path or ("data",), response, shape, element, fields, result, found.further, found.split)


@dataclass(frozen=True, slots=True)
class _Found:
    """An array in a schema: the names that lead to it, its items, what stands beside it, and how its rows are split."""

    path: tuple[str, ...]
    items: _Schema
    further: dict[str, Any] = field(default_factory=dict)
    split: Split | None = None


def _split_of(properties: Mapping[str, Any]) -> Split | None:
    """Return the names of an object's parts if it holds rows split into columns and values."""
    if {"ColumnNames", "Values"} <= properties.keys():
        return ("ColumnNames", None, "Values")
    if {"columns", "data"} <= properties.keys():
        return ("columns", "index" if "index" in properties else None, "data")
    return None


class _Schemas:
    """A description with its references resolved on the way."""

    def __init__(self, description: _Schema) -> None:
        self.root = description

    def resolve(self, schema: Any) -> _Schema:
        """Return the object that a schema is or refers to; an empty one where there is none."""
        for _ in range(_MAX_DEPTH):
            if not isinstance(schema, Mapping):
                return {}
            reference = schema.get("$ref")
            if not isinstance(reference, str):
                merged = [self.resolve(each) for each in schema.get("allOf") or () if isinstance(each, Mapping)]
                return {**{k: v for each in merged for k, v in each.items()}, **schema} if merged else schema
            schema = self._at(reference)
        return {}

    def _at(self, reference: str) -> Any:
        node: Any = self.root
        for part in reference.removeprefix("#/").split("/"):
            name = part.replace("~1", "/").replace("~0", "~")
            node = node.get(name) if isinstance(node, Mapping) else None
        return node

    def array_in(self, schema: Any, depth: int = _MAX_DEPTH) -> _Found | None:
        """Return the first array of rows in a schema."""
        resolved = self.resolve(schema)
        if resolved.get("type") == "array" or "items" in resolved:
            return _Found((), self.resolve(resolved.get("items")))
        properties = resolved.get("properties")
        if not isinstance(properties, Mapping) or depth == 0:
            return None
        split = _split_of(properties)
        if split is not None:
            return _Found((), self.resolve(self.resolve(properties[split[2]]).get("items")), split=split)
        for name, each in properties.items():
            found = self.array_in(each, depth - 1)
            if found is not None:
                example = resolved.get("example")
                sent = example if isinstance(example, Mapping) else {}
                beside = {k: sent.get(k, self.default(properties[k])) for k in properties if k != name}
                further = {k: v for k, v in beside.items() if v is not None}
                return replace(found, path=(name, *found.path), further=further)
        return None

    def default(self, schema: Any) -> Any:
        """Return what is sent for a part of the request that holds no rows: its default, or an empty object."""
        resolved = self.resolve(schema)
        value = resolved.get("default", resolved.get("example"))
        return {} if value is None and resolved.get("type") == "object" else value


def _score_operation(schemas: _Schemas, score_path: str) -> _Schema | None:
    """Return the POST operation of the score path, else the first that has a request body."""
    paths = schemas.root.get("paths")
    base = str(schemas.root.get("basePath") or "").rstrip("/")
    posts = {
        f"{base}{path}".rstrip("/"): schemas.resolve(item["post"])
        for path, item in (paths.items() if isinstance(paths, Mapping) else ())
        if isinstance(item, Mapping) and "post" in item
    }
    wanted = score_path.rstrip("/")
    for path, operation in posts.items():
        if path == wanted:
            return operation
    last = wanted.rpartition("/")[2]
    for path, operation in posts.items():
        if path.rpartition("/")[2] == last:
            return operation
    return next(iter(posts.values()), None)


def _request_schema(schemas: _Schemas, operation: _Schema) -> Any:
    """Return the schema of the request's body: a parameter in OpenAPI 2, `requestBody` in OpenAPI 3."""
    for each in operation.get("parameters") or ():
        parameter = schemas.resolve(each)
        if parameter.get("in") == "body":
            return parameter.get("schema")
    return _json_content(schemas.resolve(operation.get("requestBody")))


def _response_schema(schemas: _Schemas, operation: _Schema) -> Any:
    responses = operation.get("responses")
    success = schemas.resolve(responses.get("200")) if isinstance(responses, Mapping) else {}
    return success.get("schema") or _json_content(success)


def _json_content(holder: _Schema) -> Any:
    content = holder.get("content")
    media: Iterable[Any] = content.items() if isinstance(content, Mapping) else ()
    return next((each.get("schema") for kind, each in media if "json" in kind and isinstance(each, Mapping)), None)


def _row(schemas: _Schemas, items: _Schema) -> tuple[RowShape, ElementType, dict[str, ElementType]]:
    """Return the shape of a row and the types of its values."""
    if items.get("type") == "array" or "items" in items:
        return RowShape.ARRAY, _element_type(schemas.resolve(items.get("items"))), {}
    properties = items.get("properties")
    if isinstance(properties, Mapping):
        fields = {str(k).casefold(): _element_type(schemas.resolve(v)) for k, v in properties.items()}
        return RowShape.RECORD, ElementType.OPEN, fields
    element = _element_type(items)
    return (RowShape.OPEN if element is ElementType.OPEN else RowShape.SCALAR), element, {}


def _element_type(schema: _Schema) -> ElementType:
    """Return the type of a value; of several allowed ones the only one beside null."""
    declared = schema.get("type")
    if isinstance(declared, list):
        declared = next(iter({*declared} - {"null"}), None) if len({*declared} - {"null"}) == 1 else None
    return ElementType(declared) if declared in set(ElementType) else ElementType.OPEN
