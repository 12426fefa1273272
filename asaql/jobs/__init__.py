"""A job and its readers: bare queries, job files, projects and deployment templates all become one `Job`."""

from asaql.jobs.durations import DURATION_FORMS, parse_duration
from asaql.jobs.functions import with_script_kinds
from asaql.jobs.job import (
    EPOCH_TICKS,
    FORMATS,
    STANDARD_STREAM,
    CompatibilityLevel,
    InputSpec,
    Job,
    OutOfOrderPolicy,
    OutputErrorPolicy,
    OutputSpec,
    Place,
    TimePolicies,
)
from asaql.jobs.options import NO_LIMIT, Assignment, JobOptions, apply_options, parse_assignment
from asaql.jobs.query_file import query_job
from asaql.jobs.read import read_job
from asaql.jobs.resolve import resolve_names

__all__ = [
    "DURATION_FORMS",
    "EPOCH_TICKS",
    "FORMATS",
    "NO_LIMIT",
    "STANDARD_STREAM",
    "Assignment",
    "CompatibilityLevel",
    "InputSpec",
    "Job",
    "JobOptions",
    "OutOfOrderPolicy",
    "OutputErrorPolicy",
    "OutputSpec",
    "Place",
    "TimePolicies",
    "apply_options",
    "parse_assignment",
    "parse_duration",
    "query_job",
    "read_job",
    "resolve_names",
    "with_script_kinds",
]
