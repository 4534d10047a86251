"""Where compiled code is kept: one directory per state of the sources, so that none of it is ever stale.

Numba keeps a compiled function as long as the *file* it stands in is unchanged; that a function it calls has changed in
another file goes unseen, and the old numbers would come back. So compiled code goes to a directory whose name is a hash
of numba, of Python, of the processor and of every source that compiled code stands in or could reach by its imports. It
lies in `$XDG_CACHE_HOME/breakwater/numba` (`~/.cache` by default), or below NUMBA_CACHE_DIR if that is set.

`import sim` runs this before numba is imported, which takes a few milliseconds and imports nothing heavy.
"""

import contextlib
import os
import re
import sys
from hashlib import blake2b
from importlib.machinery import PathFinder

from sim.errors import BadInput

PACKAGES = ("sim", "models", "real_adapter")
"""Where the sources of compiled code are."""
SIMULATION = ("sim", "models")
"""Where those are that decide what a simulation gives."""
KEPT = 3
"""Directories kept, of the sources used last: switching between two branches compiles nothing anew."""

_MARKER = "complete"
_KEY = re.compile(r"[0-9a-f]{32}")
# what decides about machine code in /proc/cpuinfo, on x86 and on ARM; frequencies and the like change all the time
_CPU_FIELDS = re.compile(
    rb"^(?:vendor_id|cpu family|model|model name|flags|CPU implementer|CPU architecture|CPU variant|CPU part|Features)"
    rb"\s*:.*$",
    re.MULTILINE,
)

_OURS = "|".join(PACKAGES).encode()
_FROM = re.compile(rb"from ((?:%b)\b[\w.]*) import (\([^)]*\)|.*)" % _OURS)
_DECORATORS = re.compile(rb"(?:from|import) (?:numba|sim\.jit)\b|from sim import [^\n]*\bjit\b")
_IMPORT = re.compile(rb"import ((?:%b)\b[\w.]*)" % _OURS)

_directory: str | None = None
_problem: str | None = None


def use_cache() -> None:
    """Let numba keep compiled code in the directory of these sources, which is made if absent, and prune old ones.

    Where that cannot be written, this is only noted (`breakwater --help` needs no compiled code): see `require_cache`.
    """
    global _directory, _problem
    try:
        base = _base()
        directory = os.path.join(base, _key())
        os.makedirs(directory, exist_ok=True)
        if not os.access(directory, os.W_OK | os.X_OK):
            raise PermissionError(f"{directory} is not writable")
        os.utime(directory)
    except (OSError, RuntimeError) as error:
        _problem = getattr(error, "strerror", None) or str(error)
        return
    _directory = directory
    os.environ["NUMBA_CACHE_DIR"] = directory
    if "numba" in sys.modules:  # too late for the environment
        sys.modules["numba"].config.CACHE_DIR = directory
    _prune(base)


def require_cache() -> str:
    """Return the directory of compiled code. BadInput if it cannot be written: without it every run would compile."""
    if _directory is None:
        raise BadInput(
            f"the cache for compiled code cannot be written ({_problem}); "
            "set NUMBA_CACHE_DIR or XDG_CACHE_HOME to a directory that can"
        )
    return _directory


def is_compiled() -> bool:
    """Tell whether everything has been compiled for these sources, so that it only needs to be loaded."""
    return os.path.exists(os.path.join(require_cache(), _MARKER))


def mark_compiled() -> None:
    """Note that everything has been compiled; on a full disk it may have to be once more."""
    with contextlib.suppress(OSError), open(os.path.join(require_cache(), _MARKER), "w", encoding="utf-8"):
        pass


def sources_hash(root: str) -> str:
    """Return 32 hexadecimal digits that stand for all sources that decide what the code at *root* gives.

    These are what it imports, at any depth, and the catalogues of `models` that one of them names. What judges the
    results of a simulation afterwards does not change what the simulation gives.
    """
    sources = _sources(SIMULATION)
    reached = {path: sources[path] for path in _reached([root], sources)}
    return _hash_of(reached | _catalogues(b"".join(reached.values())))


def cache_home() -> str:
    """Return the directory for what can be made again: `$XDG_CACHE_HOME/breakwater`, or `~/.cache/breakwater`."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(home):  # as the XDG base directory specification asks
        home = os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(home, "breakwater")


def _base() -> str:
    """Return the directory that holds those of all sources."""
    given = os.environ.get("NUMBA_CACHE_DIR")
    if given:
        # what a parent process has set for itself leads to the same place
        return os.path.dirname(given) if _KEY.fullmatch(os.path.basename(given)) else os.path.abspath(given)
    return os.path.join(cache_home(), "numba")


def _key() -> str:
    """Return 32 hexadecimal digits that stand for everything the compiled code depends on."""
    sources = _sources(PACKAGES)
    digest = blake2b(_hash_of({path: sources[path] for path in _compiled(sources)}).encode(), digest_size=16)
    for package in ("numba", "llvmlite"):
        digest.update(_version_of(package) + b"\0")
    digest.update(f"{sys.version} {sys.implementation.cache_tag} {sys.maxsize}\0".encode())
    digest.update(_processor())
    return digest.hexdigest()


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


def _catalogues(named_in: bytes) -> dict[str, bytes]:
    """Return the content of every YAML file of `models` whose name stands in these sources, by its path."""
    found = {}
    for folder, _, files in os.walk(os.path.join(_root(), "models")):
        for name in files:
            if name.endswith(".yaml") and name.encode() in named_in:
                path = os.path.join(folder, name)
                found[os.path.relpath(path, _root()).replace(os.sep, "/")] = _content(path)
    return found


def _root() -> str:
    return os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def _hash_of(sources: dict[str, bytes]) -> str:
    digest = blake2b(digest_size=16)
    for path in sorted(sources):
        digest.update(path.encode() + b"\0" + sources[path] + b"\0")
    return digest.hexdigest()


def _compiled(sources: dict[str, bytes]) -> set[str]:
    """Return the paths of the sources that have compiled code and of all they import, at any depth."""
    return _reached([path for path, content in sources.items() if _DECORATORS.search(content)], sources)


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


def _prune(base: str) -> None:
    """Remove the directories of all sources but those used last. What another process removes first is fine."""
    with contextlib.suppress(OSError):
        found = [entry for entry in os.scandir(base) if _KEY.fullmatch(entry.name)]
        if len(found) <= KEPT:
            return
        import shutil

        found.sort(key=lambda entry: entry.stat().st_mtime_ns)
        for entry in found[:-KEPT]:
            shutil.rmtree(entry.path, ignore_errors=True)
