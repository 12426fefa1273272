"""`python -m asaql.jobs.publish_schema` prints the JSON Schema of job files, which `job.schema.json` holds."""

import json
import sys

from asaql.jobs.job_shape import published_schema

if __name__ == "__main__":
    sys.stdout.write(json.dumps(published_schema(), indent=2) + "\n")
