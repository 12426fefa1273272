"""An entry script in the style of numpy: rows are arrays of text, results are numbers."""

import numpy as np
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.schema_decorators import input_schema, output_schema


def init() -> None:
    pass


# The sample's type is kept: texts would be cut to three characters without a wider one.
@input_schema("data", NumpyParameterType(np.array([["1", "Mon", "12", "1", "5.8"]], dtype="U20")))
@output_schema(NumpyParameterType(np.array([0.5])))
def run(data: np.ndarray) -> list[float]:
    if "raise" in data[:, 1]:
        message = "no such weekday"
        raise ValueError(message)
    return (data[:, 4].astype(float) * 2).tolist()
