"""Numba's cache of compiled code with a checksum in every file: what a full disk has cut or garbled is compiled anew.

Numba takes what it finds for what it wrote. A cut index ends in an error of pickle, and machine code with a few other
bytes in it may crash, or calculate something else.
"""

from __future__ import annotations

import contextlib
import pickle
from hashlib import blake2b
from typing import Any

import numba.core.caching

_DIGEST_BYTES = 16
_numba: Any = numba.core.caching  # which has no types


class CheckedCacheFile(_numba.IndexDataCacheFile):  # type: ignore[misc]  # of no known type
    """The files of one function: an index of its signatures, and machine code for each."""

    def save(self, key: Any, data: Any) -> None:
        """Keep *data*; where that is not possible, such as on a full disk, it is only compiled once more next time."""
        with contextlib.suppress(OSError):
            super().save(key, data)

    def _load_index(self) -> dict[Any, str]:
        found = self._checked(self._index_path)
        if found is None:
            return {}
        version, stamp, overloads = found
        return overloads if (version, stamp) == (self._version, self._source_stamp) else {}

    def _save_index(self, overloads: dict[Any, str]) -> None:
        self._write(self._index_path, (self._version, self._source_stamp, overloads))

    def _load_data(self, name: str) -> Any:
        found = self._checked(self._data_path(name))
        if found is None:
            raise OSError("not what was written")  # which numba takes for a file that is gone
        return found

    def _save_data(self, name: str, data: Any) -> None:
        self._write(self._data_path(name), data)

    def _write(self, path: str, content: Any) -> None:
        data = self._dump(content)
        with self._open_for_write(path) as file:
            file.write(data + _digest(data))

    def _checked(self, path: str) -> Any:
        """Return what was written to a file; None if it is not there, or not what was written."""
        try:
            with open(path, "rb") as file:
                held = file.read()
        except OSError:
            return None
        data, digest = held[:-_DIGEST_BYTES], held[-_DIGEST_BYTES:]
        return pickle.loads(data) if _digest(data) == digest else None


def check_caches() -> None:
    """Let all functions compiled from now on have such files."""
    _numba.IndexDataCacheFile = CheckedCacheFile


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=_DIGEST_BYTES).digest()
