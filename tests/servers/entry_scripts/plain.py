"""An entry script without a declared schema, which answers with the text of JSON as many scripts do."""

import json


def init() -> None:
    pass


def run(data: str) -> str:
    try:
        return json.dumps([sum(row) for row in json.loads(data)["data"]])
    except TypeError as error:
        return str(error)
