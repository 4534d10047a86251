"""Compiled entries on disk: one file for each function and types of arguments, with a checksum.

What a full disk has cut or garbled is compiled anew. Numba's own cache takes what it finds for what it wrote, and is
stale as soon as a line of the source has moved. Whether what is kept here still holds is for `sim.compile_cache` to
say, which keeps a directory for each state of the sources.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import zlib
from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from numba.core import compiler
from numba.core.runtime.nrt import rtsys
from numba.core.serialize import dumps

from sim.compile_cache import directory_of, has_sources

_DIGEST_BYTES = 16
_QUICK = 1
"""Level of zlib: machine code shrinks to a third in no time that counts."""


class EntryFiles:
    """The files of one function, as numba's dispatcher uses a cache. `load` makes a library of kept machine code."""

    def __init__(self, function: Any, load: Callable[..., Any]) -> None:
        self.name = f"{function.__module__}.{function.__qualname__}".replace("<", "").replace(">", "")
        self.package = function.__module__.split(".")[0]
        self.load = load

    @property
    def cache_path(self) -> str | None:
        """The directory of the files; None for a function whose source is in no package that the key could know."""
        return directory_of(self.package) if has_sources(self.package) else None

    def load_overload(self, signature: Any, context: Any) -> Any:
        """Return the entry for these types of arguments, ready to be called; None if it is not kept."""
        path = self._path(signature, context)
        kept = None if path is None else _read(path)
        if kept is None:
            return None
        rtsys.initialize(context)  # all that machine code needs of numba; what its compiler does takes 0.2 s to load
        name, code, symbols, description, environment, typed, environments = kept
        library = self.load(context.codegen(), name, zlib.decompress(code), symbols)
        entry_point = context.get_executable(library, description, environment)
        for each in environments:
            library.codegen.set_env(each.env_name, each)
        return compiler.compile_result(
            target_context=context,
            library=library,
            environment=environment,
            entry_point=entry_point,
            fndesc=description,
            signature=typed,
            objectmode=False,
            lifted=(),
            referenced_envs=environments,
        )

    def save_overload(self, signature: Any, result: Any) -> None:
        """Keep a compiled entry: its machine code and how Python calls it; no bitcode, as nothing links it.

        Where that is not possible, such as on a full disk, it is only compiled once more next time.
        """
        library, description = result.library, result.fndesc
        path = self._path(signature, result.target_context)
        if path is None:
            return
        if library.has_dynamic_globals:
            raise RuntimeError(f"{self.name} holds addresses of this process: it must not be kept")
        description.typemap = description.calltypes = None  # not needed to call it, and not always to be pickled
        environments = library.environments()
        symbols = [description.llvm_cpython_wrapper_name, *(each.env_name for each in environments)]
        code = zlib.compress(library._get_compiled_object(), _QUICK)
        kept = (library.name, code, symbols, description, result.environment, result.signature, environments)
        with contextlib.suppress(OSError):
            _write(path, dumps(kept))

    def flush(self) -> None:
        """Keep what is kept: the directory is that of these sources."""

    def _path(self, signature: Any, context: Any) -> str | None:
        """Return where an entry is kept, by its types and by what numba makes machine code for; None if it is not."""
        folder = self.cache_path
        if folder is None:
            return None
        typed = f"{signature} {context.codegen().magic_tuple()}"
        return os.path.join(folder, f"{self.name}-{_digest(typed.encode())[:8].hex()}.code")


def _write(path: str, data: bytes) -> None:
    """Write a file whole, or not at all: another process may read it, or write the same."""
    unfinished = f"{path}.{os.getpid()}"
    try:
        with open(unfinished, "wb") as file:
            file.write(data + _digest(data))
        os.replace(unfinished, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(unfinished)
        raise


def _read(path: str) -> Any:
    """Return what was written to a file; None if it is not there, or not what was written."""
    try:
        with open(path, "rb") as file:
            held = file.read()
    except OSError:
        return None
    data, digest = held[:-_DIGEST_BYTES], held[-_DIGEST_BYTES:]
    return pickle.loads(data) if _digest(data) == digest else None


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=_DIGEST_BYTES).digest()
