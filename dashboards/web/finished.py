"""Results that were simulated, kept for all sessions: the ones used last, in bounded memory."""

from __future__ import annotations

import pickle
import threading
from collections import OrderedDict
from typing import Any

MOST_BYTES = 300_000_000
"""Of all values together. A run of an hour takes one or two million."""


class Finished:
    """Values by the key of the job that they came from. Safe to use from several threads."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.most_bytes = most_bytes
        self.bytes = 0
        self._held: OrderedDict[str, tuple[Any, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> Any | None:
        """The value, or None if it is not there, or not any more."""
        with self._lock:
            if key not in self._held:
                return None
            self._held.move_to_end(key)
            return self._held[key][0]

    def put(self, key: str, value: Any) -> None:
        """Keep a value, and forget those not used for longest if it gets too much; a value too large alone is kept."""
        size = len(pickle.dumps(value))
        with self._lock:
            self.bytes += size - self._held.pop(key, (None, 0))[1]
            self._held[key] = value, size
            while self.bytes > self.most_bytes and len(self._held) > 1:
                self.bytes -= self._held.popitem(last=False)[1][1]


FINISHED = Finished()
