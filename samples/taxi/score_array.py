"""The scoring script for rows that are arrays, as `createArray.js` makes them."""

import numpy as np
import pandas as pd
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.schema_decorators import input_schema, output_schema
from train import FEATURES, load_rides, predict, train

# The type of the sample is kept, so it must have room for the longest text of a real row.
SAMPLE_INPUT = np.array([["1", "Mon", "12", "1", "5.8"]], dtype="U32")
SAMPLE_OUTPUT = np.array([19.5])


def init() -> None:
    """Make the model; called once, when the service starts."""
    global model
    model = train(load_rides())


@input_schema("data", NumpyParameterType(SAMPLE_INPUT))
@output_schema(NumpyParameterType(SAMPLE_OUTPUT))
def run(data: np.ndarray) -> list[float]:
    """Return one fare per row."""
    return predict(model, pd.DataFrame(data, columns=FEATURES))
