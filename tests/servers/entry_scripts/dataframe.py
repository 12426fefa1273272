"""An entry script in the style of pandas: rows are records with typed fields, results are records."""

from typing import Any

import pandas as pd
from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
from inference_schema.schema_decorators import input_schema, output_schema

SAMPLE = pd.DataFrame({"vendorid": ["1"], "weekday": ["Mon"], "passenger": [1], "distance": [5.8]})


def init() -> None:
    pass


@input_schema("data", PandasParameterType(SAMPLE))
@output_schema(StandardPythonParameterType([{"fare": 1.5}]))
def run(data: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {"vendorid": row.vendorid, "kinds": f"{data.passenger.dtype} {data.distance.dtype}", "fare": row.distance * 2}
        for row in data.itertuples()
    ]
