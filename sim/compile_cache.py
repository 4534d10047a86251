"""Where compiled code is kept: one directory per state of the sources, so that none of it is ever stale.

A function compiled for one state of the sources is wrong as soon as anything that it reaches has changed, in whatever
file. So compiled code goes to a directory whose name is a hash of all that compiled functions reach (see
`sim.compiled_sources`: prose does not count), of numba, of Python and of the processor. Each package has directories of
its own, in `$XDG_CACHE_HOME/breakwater/numba` (`~/.cache` by default), or in NUMBA_CACHE_DIR if that is set.

Parsing the sources takes a quarter of a second, so the hash of their bytes is noted in the directory that it led to.
"""

import contextlib
import os
import re
import sys
from functools import cache
from hashlib import blake2b
from importlib.machinery import PathFinder

from sim.errors import BadInput

KEPT = 3
"""Directories kept for a package, of the sources used last: switching between two branches compiles nothing anew."""

_MARKER = "complete"
_KEY = re.compile(r"(\w+-)?[0-9a-f]{32}")
# what decides about machine code in /proc/cpuinfo, on x86 and on ARM; frequencies and the like change all the time
_CPU_FIELDS = re.compile(
    rb"^(?:vendor_id|cpu family|model|model name|flags|CPU implementer|CPU architecture|CPU variant|CPU part|Features)"
    rb"\s*:.*$",
    re.MULTILINE,
)
_PACKAGE = re.compile(rb"^ *(?:from|import) (\w+)\b", re.MULTILINE)
_FROM = re.compile(rb"^ *from ([\w.]+) import (\([^)]*\)|.*)", re.MULTILINE)
_IMPORT = re.compile(rb"^ *import ([\w.]+)", re.MULTILINE)


@cache
def directory_of(package: str) -> str:
    """Return the directory of a package's compiled code, which is made if absent, and prune old ones.

    BadInput if it cannot be written: without it every run would compile.
    """
    try:
        base = _base()
        directory = os.path.join(base, f"{package}-{_key(base, package)}")
        os.makedirs(directory, exist_ok=True)
        if not os.access(directory, os.W_OK | os.X_OK):
            raise PermissionError(f"{directory} is not writable")
        os.utime(directory)
    except (OSError, RuntimeError) as error:
        raise BadInput(
            f"the cache for compiled code cannot be written ({getattr(error, 'strerror', None) or error}); "
            "set NUMBA_CACHE_DIR or XDG_CACHE_HOME to a directory that can"
        ) from None
    _prune(base, package)
    return directory


def has_sources(package: str) -> bool:
    """Tell whether a package stands beside this one, so that a change of its sources is seen."""
    return os.path.exists(os.path.join(_root(), package, "__init__.py"))


def is_compiled(package: str) -> bool:
    """Tell whether everything has been compiled for these sources, so that it only needs to be loaded."""
    return os.path.exists(os.path.join(directory_of(package), _MARKER))


def mark_compiled(package: str) -> None:
    """Note that everything has been compiled; on a full disk it may have to be once more."""
    with contextlib.suppress(OSError), open(os.path.join(directory_of(package), _MARKER), "w", encoding="utf-8"):
        pass


def sources_hash(root: str, data: str) -> str:
    """Return 32 hexadecimal digits that stand for all sources that decide what the code at *root* gives.

    These are what it imports, at any depth, and the YAML files in the folder *data* that one of them names. What judges
    the results of a simulation afterwards does not change what the simulation gives.
    """
    sources = _sources(_packages(root.split("/")[0]))
    reached = {path: sources[path] for path in _reached([root], sources)}
    return _hash_of(reached | _named_in(b"".join(reached.values()), data))


def cache_home() -> str:
    """Return the directory for what can be made again: `$XDG_CACHE_HOME/breakwater`, or `~/.cache/breakwater`."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(home):  # as the XDG base directory specification asks
        home = os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(home, "breakwater")


def _base() -> str:
    """Return the directory that holds those of all sources."""
    given = os.environ.get("NUMBA_CACHE_DIR")
    return os.path.abspath(given) if given else os.path.join(cache_home(), "numba")


def _key(base: str, package: str) -> str:
    """Return 32 hexadecimal digits that stand for everything a package's compiled code depends on."""
    sources = _sources(_packages(package))
    machine = _machine()
    digest = blake2b(machine, digest_size=16)
    digest.update(_hash_of(sources).encode())
    noted = f"sources-{digest.hexdigest()}"
    for known in _directories(base, package):
        if os.path.exists(os.path.join(known, noted)):
            return known[-32:]
    from sim.compiled_sources import key_of

    key = blake2b(machine + key_of(sources).encode(), digest_size=16).hexdigest()
    directory = os.path.join(base, f"{package}-{key}")
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(directory, noted), "w", encoding="utf-8"):
        pass
    return key


def _machine() -> bytes:
    """Return what stands for numba, Python and the processor."""
    versions = b"".join(_version_of(package) + b"\0" for package in ("numba", "llvmlite"))
    python = f"{sys.version} {sys.implementation.cache_tag} {sys.maxsize}\0".encode()
    return versions + python + _processor()


@cache
def _packages(package: str) -> tuple[str, ...]:
    """Return a package and all that it imports from beside it, at any depth."""
    found: list[str] = []
    next_ones = [package]
    while next_ones:
        name = next_ones.pop()
        if name not in found and has_sources(name):
            found.append(name)
            imported = {each for content in _sources((name,)).values() for each in _PACKAGE.findall(content)}
            next_ones += sorted(each.decode() for each in imported)
    return tuple(sorted(found))


def _sources(packages: tuple[str, ...]) -> dict[str, bytes]:
    """Return the content of every source of *packages* by its path, as in "sim/compile_cache.py"."""
    root = _root()
    found = {}
    for package in packages:
        for folder, folders, files in os.walk(os.path.join(root, package)):
            folders[:] = [name for name in folders if name != "__pycache__"]
            for name in files:
                if name.endswith(".py"):
                    path = os.path.join(folder, name)
                    found[os.path.relpath(path, root).replace(os.sep, "/")] = _content(path)
    return found


def _named_in(content: bytes, data: str) -> dict[str, bytes]:
    """Return the content of every YAML file in the folder *data* whose name stands in these sources, by its path."""
    folder = os.path.join(_root(), data)
    names = [name for name in os.listdir(folder) if name.endswith(".yaml") and name.encode() in content]
    return {f"{data}/{name}": _content(os.path.join(folder, name)) for name in names}


def _root() -> str:
    return os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def _hash_of(sources: dict[str, bytes]) -> str:
    digest = blake2b(digest_size=16)
    for path in sorted(sources):
        digest.update(path.encode() + b"\0" + sources[path] + b"\0")
    return digest.hexdigest()


def _reached(roots: list[str], sources: dict[str, bytes]) -> set[str]:
    """Return the paths of the *roots* and of all they import, at any depth."""
    reached: set[str] = set()
    next_ones = list(roots)
    while next_ones:
        path = next_ones.pop()
        if path not in reached:
            reached.add(path)
            next_ones += _imports(sources[path], sources)
    return reached


def _imports(content: bytes, sources: dict[str, bytes]) -> list[str]:
    """Return the paths of the *sources* that one imports, or that a line in it could mean (absolute imports only)."""
    named = [module.decode() for module in _IMPORT.findall(content)]
    for module, names in _FROM.findall(content):
        named.append(module.decode())
        if f"{named[-1].replace('.', '/')}.py" not in sources:  # a package: names can be modules
            named += [f"{module.decode()}.{name.decode()}" for name in re.findall(rb"\w+", names)]
    found = set()
    for module_name in named:
        steps = module_name.split(".")
        found.add("/".join(steps) + ".py")
        found.update("/".join(steps[:depth]) + "/__init__.py" for depth in range(1, len(steps) + 1))
    return [path for path in found if path in sources]


def _content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _version_of(package: str) -> bytes:
    """Return what the package says of its version, without importing it."""
    found = PathFinder.find_spec(package)
    if found is None or found.origin is None:
        return b""
    return _content(os.path.join(os.path.dirname(found.origin), "_version.py"))


def _processor() -> bytes:
    """Return model and features of the processor."""
    try:
        with open("/proc/cpuinfo", "rb") as file:
            text = file.read(8192)  # the first core's entry; on a machine of 200 cores the rest takes long to make
    except OSError:
        import platform

        return f"{platform.machine()} {platform.processor()}".encode()
    return b"\n".join(_CPU_FIELDS.findall(text.split(b"\n\n")[0]))


def _prune(base: str, package: str) -> None:
    """Remove a package's directories but those used last. What another process removes first is fine."""
    with contextlib.suppress(OSError):
        found = _directories(base, package)
        if len(found) <= KEPT:
            return
        import shutil

        found.sort(key=os.path.getmtime)
        for directory in found[:-KEPT]:
            shutil.rmtree(directory, ignore_errors=True)


def _directories(base: str, package: str) -> list[str]:
    """Return the directories of a package's compiled code, and those that were made for all packages together."""
    with contextlib.suppress(FileNotFoundError), os.scandir(base) as entries:
        kinds = (None, f"{package}-")
        return [each.path for each in entries if (key := _KEY.fullmatch(each.name)) and key[1] in kinds]
    return []
