"""Functions that are not built in: JavaScript in an embedded V8, and scoring web services over HTTP."""
