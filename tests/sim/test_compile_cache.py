"""The directory of compiled code: never stale, loaded when nothing has changed. In processes of their own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import sim
from sim.compiled_sources import key_of

ROOT = Path(sim.__file__).parent.parent
CALLEE = "from sim.jit import compiled\n\n@compiled\ndef inner(x):\n    return x + {}\n"
CALLER = (
    "from models.callee import inner\nfrom sim.jit import compiled\n\n"
    "@compiled\ndef outer(x):\n    return 10 * inner(x)\n"
)
CALL = "from models.caller import outer; print(outer(1), sum(outer.stats.cache_hits.values()))"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of its own with one compiled function that calls another in another file."""
    for package in ("sim", "models"):
        (tmp_path / package).mkdir()
        shutil.copy(ROOT / package / "__init__.py", tmp_path / package)
    for name in ("compile_cache", "compiled_sources", "entry_files", "errors", "jit", "whole_program"):
        shutil.copy(ROOT / "sim" / f"{name}.py", tmp_path / "sim")
    (tmp_path / "models" / "callee.py").write_text(CALLEE.format(1))
    (tmp_path / "models" / "caller.py").write_text(CALLER)
    (tmp_path / "models" / "replication.py").write_text(
        "from models.caller import outer\n\nPRICES = __file__ + 'prices.yaml'\n"
    )
    (tmp_path / "models" / "prices.yaml").write_text("usd: 1\n")
    (tmp_path / "models" / "face.py").write_text("from models.caller import outer\n")
    return tmp_path


def python(project: Path, program: str, **environment: str) -> str:
    """The output of a program with the project's packages, and its cache below `cache`."""
    inherited = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    chosen = {"XDG_CACHE_HOME": str(project / "cache"), "PYTHONPATH": str(project)}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=project,
        env=inherited | chosen | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def directories(project: Path) -> set[str]:
    return {path.name for path in (project / "cache" / "breakwater" / "numba").iterdir()}


def test_unchanged_code_is_loaded_and_a_change_in_another_file_is_seen(project: Path) -> None:
    assert python(project, CALL) == "20 0"
    assert python(project, CALL) == "20 1"
    (project / "models" / "callee.py").write_text(CALLEE.format(2))
    assert python(project, CALL) == "30 0"
    (project / "models" / "callee.py").write_text(CALLEE.format(1))
    assert python(project, CALL) == "20 1"  # the first state is still there


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def garbled(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes(255 - byte for byte in content[middle : middle + 64]) + content[middle + 64 :]


@pytest.mark.parametrize("damage", [cut, garbled, lambda content: b""])
def test_what_a_full_disk_has_left_of_compiled_code_is_made_anew(
    project: Path, damage: Callable[[bytes], bytes]
) -> None:
    assert python(project, CALL) == "20 0"
    assert python(project, CALL) == "20 1"
    (file,) = (project / "cache").rglob("*.code")
    file.write_bytes(damage(file.read_bytes()))
    assert python(project, CALL) == "20 0"
    assert python(project, CALL) == "20 1"


def test_a_disk_that_is_full_costs_a_compilation_and_nothing_else(project: Path) -> None:
    full = (
        "import errno, sim.entry_files as files\n"
        "def write(path, data): raise OSError(errno.ENOSPC, 'No space left on device')\n"
        "files._write = write\n"
    )
    assert python(project, full + CALL) == "20 0"
    assert [*(project / "cache").rglob("*.code")] == []


def test_a_function_of_no_package_is_compiled_each_time(project: Path) -> None:
    (project / "script.py").write_text(CALLER)
    call = "from script import outer; print(outer(1), outer.stats.cache_path, sum(outer.stats.cache_hits.values()))"
    assert [python(project, call) for _ in range(2)] == ["20 None 0"] * 2


DIRECTORY = "from sim.compile_cache import directory_of; print(directory_of('models'))"


CALLEE_IN_WORDS = '''"""A module."""

from enum import IntEnum
from typing import NamedTuple

from sim.jit import compiled

ADDED = 1
"""What is added."""


class Kind(IntEnum):
    """A kind."""

    FIRST = 7


class Settings(NamedTuple):
    """Settings."""

    text: str = "a description"


TABLE = [0, 0]
TABLE[0] = 5


@compiled
def inner(x: int) -> int:
    """Return the sum."""
    return x + ADDED + Kind.FIRST + TABLE[0]  # a comment


def told(settings: Settings) -> str:
    return settings.text
'''


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Return the sum.", "Return x and more."),
        ("a comment", "another comment"),
        ("What is added.", "What comes on top."),
        ("A module.", "A module.\n\nOf functions."),
        ("A kind.", "One of a few."),
        ("a description", "another description"),
        ("return settings.text", "return settings.text.upper()"),
        ("x: int", "x: float"),
        ("    return x", "\n\n    return x"),
    ],
)
def test_prose_and_what_compiled_code_does_not_reach_recompile_nothing(project: Path, before: str, after: str) -> None:
    assert key_with(project, CALLEE_IN_WORDS) == key_with(project, CALLEE_IN_WORDS.replace(before, after))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x + ADDED", "x - ADDED"),
        ("ADDED = 1", "ADDED = 2"),
        ("FIRST = 7", "FIRST = 8"),
        ("TABLE[0] = 5", "TABLE[0] = 6"),
        ("@compiled\n", "@compiled  # twice\n@compiled\n"),
    ],
)
def test_whatever_compiled_code_is_made_of_recompiles_it(project: Path, before: str, after: str) -> None:
    changed = CALLEE_IN_WORDS.replace(before, after)
    assert changed != CALLEE_IN_WORDS
    assert key_with(project, CALLEE_IN_WORDS) != key_with(project, changed)


def key_with(project: Path, callee: str) -> str:
    """The key of the project's compiled code with this in place of what its function calls."""
    paths = [path for package in ("sim", "models") for path in (project / package).rglob("*.py")]
    sources = {path.relative_to(project).as_posix(): path.read_bytes() for path in paths}
    return key_of(sources | {"models/callee.py": callee.encode()})


def test_a_source_that_compiled_code_cannot_reach_changes_nothing(project: Path) -> None:
    before = python(project, DIRECTORY)
    (project / "models" / "face.py").write_text("from models.caller import outer\n\nNAME = 1\n")
    (project / "models" / "new.py").write_text("from models.face import outer\n")
    assert python(project, DIRECTORY) == before
    (project / "models" / "callee.py").write_text(CALLEE.format("face.NAME") + "from models import face\n")
    assert python(project, DIRECTORY) != before


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("from models import constants", "constants.A"),
        ("from models.constants import A", "A"),
        ("from models.constants import A as B", "B"),
        ("import models.constants", "models.constants.A"),
        ("import models.constants as c", "c.A"),
        ("from models import (\n    constants,\n    face,\n)", "constants.A"),
        ("if True:\n    from models.constants import A", "A"),
        ("from models.between import A", "A"),
    ],
)
def test_every_form_of_import_is_followed(project: Path, line: str, name: str) -> None:
    (project / "models" / "between.py").write_text("from models.constants import A\n")
    keys = set()
    for value in (1, 2):
        (project / "models" / "constants.py").write_text(f"A = {value}\n")
        keys.add(key_with(project, f"{line}\n{CALLEE.format(name)}"))
    assert len(keys) == 2


def test_compiled_code_of_the_adapter_is_never_stale_and_says_nothing_of_the_simulation(project: Path) -> None:
    (project / "real_adapter").mkdir()
    (project / "real_adapter" / "__init__.py").touch()
    loop = project / "real_adapter" / "loop.py"
    loop.write_text(CALLER)
    both = (
        "from sim.compile_cache import directory_of, sources_hash\n"
        "print(*map(directory_of, ('real_adapter', 'models')), sources_hash('models/replication.py', 'models'))"
    )
    directory, simulation, sources = python(project, both).split()
    loop.write_text(CALLER.replace("10", "11"))
    changed, same_simulation, same_sources = python(project, both).split()
    assert changed != directory
    assert (same_simulation, same_sources) == (simulation, sources)
    (project / "models" / "callee.py").write_text(CALLEE.format(2))
    assert not {*python(project, both).split()} & {directory, changed, simulation, sources}


def test_what_a_simulation_gives_hangs_on_what_runs_it_and_not_on_what_judges_it(project: Path) -> None:
    of_all = "from sim.compile_cache import sources_hash; print(sources_hash('models/replication.py', 'models'))"
    before = python(project, of_all)
    (project / "models" / "face.py").write_text("from models.caller import outer  # judged otherwise\n")
    (project / "models" / "claims.yaml").write_text("says: another thing\n")
    assert python(project, of_all) == before
    (project / "models" / "prices.yaml").write_text("usd: 2\n")
    dearer = python(project, of_all)
    assert dearer != before
    (project / "models" / "caller.py").write_text(CALLER + "# changed\n")
    assert python(project, of_all) not in (before, dearer)


def test_whatever_a_compiled_function_names_counts() -> None:
    program = (
        "import importlib, types\n"
        "from numba.core.dispatcher import Dispatcher\n"
        "from sim import compile_cache, compiled_sources as cs\n"
        "sources = compile_cache._sources(compile_cache._packages('real_adapter'))\n"
        "modules = {cs._dotted(path): cs.Module(cs._dotted(path), content) for path, content in sources.items()}\n"
        "reached = cs.reached(modules)\n"
        "functions, unseen = set(), set()\n"
        "for name in modules:\n"
        "    found = vars(importlib.import_module(name)).values()\n"
        "    functions |= {each.py_func for each in found if isinstance(each, Dispatcher)}\n"
        "for function in functions:\n"
        "    module = modules[function.__module__]\n"
        "    for name in {function.__name__, *function.__code__.co_names} & {*module.binding} - {*module.imported}:\n"
        "        if not {*module.binding[name]} <= reached[module.name]:\n"
        "            unseen.add((module.name, name))\n"
        "print(len(functions) > 100, sorted(unseen))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "True []", done.stderr


def test_no_source_hides_an_import_from_the_key() -> None:
    hidden = [
        path
        for package in ("sim", "models", "real_adapter")
        for path in (ROOT / package).rglob("*.py")
        if any(
            line.split()[:1] == ["from"] and line.split()[1].startswith(".") for line in path.read_text().splitlines()
        )
    ]
    assert hidden == []


def test_it_imports_nothing_heavy(project: Path) -> None:
    program = "import sys, sim; print([name for name in ('numba', 'numpy', 'shutil') if name in sys.modules])"
    shutil.rmtree(project / "sim")
    shutil.rmtree(project / "models")
    assert python(project, program, PYTHONPATH=str(ROOT)) == "[]"


def test_a_directory_chosen_by_the_user_is_the_base(project: Path) -> None:
    directory = Path(python(project, DIRECTORY, NUMBA_CACHE_DIR=str(project / "chosen")))
    assert directory.parent == project / "chosen"
    assert directory.is_dir()


def test_directories_of_old_sources_are_pruned_and_nothing_else(project: Path) -> None:
    base = project / "cache" / "breakwater" / "numba"
    old = [f"{'models-' if k else ''}{k:032x}" for k in range(5)]  # the first is of all packages together
    for age, name in enumerate(old):
        (base / name).mkdir(parents=True)
        os.utime(base / name, (1_700_000_000 - age, 1_700_000_000 - age))
    for other in ("mine", f"sim-{0:032x}"):
        (base / other).mkdir()
    now = Path(python(project, DIRECTORY)).name
    assert directories(project) == {now, old[0], old[1], "mine", f"sim-{0:032x}"}


def test_code_is_compiled_once_it_has_been_said_to_be(project: Path) -> None:
    program = (
        "from sim.compile_cache import *; print(is_compiled('sim')); mark_compiled('sim'); print(is_compiled('sim'))"
    )
    assert python(project, program).split() == ["False", "True"]
    assert python(project, program).split() == ["True", "True"]


def test_a_cache_home_that_is_not_absolute_is_ignored(project: Path) -> None:
    directory = python(project, DIRECTORY, XDG_CACHE_HOME="cache", HOME=str(project / "home"))
    assert directory.startswith(str(project / "home" / ".cache" / "breakwater" / "numba"))


def test_a_cache_that_cannot_be_written_is_one_line_and_help_does_without(project: Path) -> None:
    (project / "file").touch()
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    environment["XDG_CACHE_HOME"] = str(project / "file")
    entry = "from dashboards.cli import main; main()"

    def breakwater(command: str) -> subprocess.CompletedProcess[str]:
        arguments = [sys.executable, "-c", entry, command]
        return subprocess.run(arguments, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60)

    refused = breakwater("run")
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert refused.stderr.count("\n") == 1
    assert "NUMBA_CACHE_DIR" in refused.stderr
    assert breakwater("--help").returncode == 0
