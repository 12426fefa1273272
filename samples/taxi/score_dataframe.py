"""The scoring script for rows that are records, as the step `Dataframe` of the query makes them."""

import numpy as np
import pandas as pd
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.parameter_types.pandas_parameter_type import PandasParameterType
from inference_schema.schema_decorators import input_schema, output_schema
from train import load_rides, predict, train

SAMPLE_INPUT = pd.DataFrame(
    [{"vendorid": "1", "weekday": "Mon", "pickuphour": "12", "passenger": "1", "distance": "5.8"}]
)
SAMPLE_OUTPUT = np.array([19.5])


def init() -> None:
    """Make the model; called once, when the service starts."""
    global model
    model = train(load_rides())


@input_schema("data", PandasParameterType(SAMPLE_INPUT))
@output_schema(NumpyParameterType(SAMPLE_OUTPUT))
def run(data: pd.DataFrame) -> list[float]:
    """Return one fare per row."""
    return predict(model, data)
