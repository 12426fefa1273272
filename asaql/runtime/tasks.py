"""What a worker process does, apart from its pipes."""

import pickle
import traceback
from typing import Any

from asaql.runtime.messages import Failure
from asaql.runtime.tail import TailReader, TailTask
from asaql.runtime.task_reader import TaskReader

_MOST_TASKS = 64


class Tasks:
    """Keeps the readers of the tasks that the process has seen."""

    def __init__(self) -> None:
        self._readers: dict[str, TaskReader | TailReader] = {}

    def answer(self, request: Any) -> Any:
        """Return the answer to a request: the key of a task, the task where it is new, and arguments of a reader."""
        key, task, *arguments = request
        try:
            if task is not None:
                self._open(key, task)
            return self._readers[key].read(*arguments)
        except Exception:
            return Failure(traceback.format_exc())

    def _open(self, key: str, task: bytes) -> None:
        while len(self._readers) >= _MOST_TASKS:
            self._readers.pop(next(iter(self._readers))).close()
        opened = pickle.loads(task)
        self._readers[key] = TailReader(opened) if isinstance(opened, TailTask) else TaskReader(opened)
