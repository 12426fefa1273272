"""The model of this sample: the fare of a ride, learned from the recording itself.

It is trained when a scoring script starts, which takes less than a second, so there is no model file to keep.

    python train.py         prints how far the fares it predicts are off
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder

WORDS = ["vendorid", "weekday"]
NUMBERS = ["pickuphour", "passenger", "distance"]
FEATURES = [*WORDS, *NUMBERS]


def load_rides() -> pd.DataFrame:
    """Return the recorded rides."""
    lines = Path(__file__).with_name("rides.ndjson").read_text().splitlines()
    return pd.DataFrame([json.loads(line) for line in lines])


def train(rides: pd.DataFrame) -> Pipeline:
    """Return a model of the fare; the same rides give the same model."""
    columns = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), WORDS), remainder="passthrough")
    regressor = GradientBoostingRegressor(n_estimators=60, max_depth=3, random_state=0)
    return make_pipeline(columns, regressor).fit(as_features(rides), rides["fareAmount"])


def as_features(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows of text as the model takes them."""
    return rows[FEATURES].astype(dict.fromkeys(NUMBERS, float))


def predict(model: Pipeline, rows: pd.DataFrame) -> list[float]:
    """Return one fare per row, in dollars and cents."""
    return [round(float(each), 2) for each in model.predict(as_features(rows))]


if __name__ == "__main__":
    recorded = load_rides()
    errors = np.abs(np.array(predict(train(recorded), recorded)) - recorded["fareAmount"])
    print(f"{len(recorded)} rides, off by {errors.mean():.2f} dollars on average")
