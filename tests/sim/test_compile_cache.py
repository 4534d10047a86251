"""The directory of compiled code: never stale, loaded when nothing has changed. In processes of their own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import sim.compile_cache
from sim.errors import BadInput

ROOT = Path(sim.compile_cache.__file__).parent.parent
CALLEE = "from numba import njit\n\n@njit(cache=True)\ndef inner(x):\n    return x + {}\n"
CALLER = (
    "from numba import njit\n\nfrom models.callee import inner\n\n"
    "@njit(cache=True)\ndef outer(x):\n    return 10 * inner(x)\n"
)
CALL = "from models.caller import outer; print(outer(1), sum(outer.stats.cache_hits.values()))"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of its own with one compiled function that calls another in another file."""
    for package in ("sim", "models"):
        (tmp_path / package).mkdir()
        shutil.copy(ROOT / package / "__init__.py", tmp_path / package)
    for name in ("compile_cache.py", "errors.py"):
        shutil.copy(ROOT / "sim" / name, tmp_path / "sim")
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


CHECKED = "from sim.checked_cache import check_caches\n\ncheck_caches()\n"


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def garbled(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes(255 - byte for byte in content[middle : middle + 64]) + content[middle + 64 :]


@pytest.mark.parametrize("kind", ["nbi", "nbc"])
@pytest.mark.parametrize("damage", [cut, garbled, lambda content: b""])
def test_what_a_full_disk_has_left_of_compiled_code_is_made_anew(
    project: Path, kind: str, damage: Callable[[bytes], bytes]
) -> None:
    shutil.copy(ROOT / "sim" / "checked_cache.py", project / "sim")
    for name in ("callee", "caller"):
        source = project / "models" / f"{name}.py"
        source.write_text(CHECKED + source.read_text())
    assert python(project, CALL) == "20 0"
    assert python(project, CALL) == "20 1"
    files = [*(project / "cache").rglob(f"*.{kind}")]
    assert files
    for file in files:
        file.write_bytes(damage(file.read_bytes()))
    assert python(project, CALL) == "20 0"
    assert python(project, CALL) == "20 1"


def test_a_disk_that_is_full_costs_a_compilation_and_nothing_else(project: Path) -> None:
    shutil.copy(ROOT / "sim" / "checked_cache.py", project / "sim")
    full = (
        "import errno, sim.checked_cache as c\n"
        "def write(self, path, content): raise OSError(errno.ENOSPC, 'No space left on device')\n"
        "c.CheckedCacheFile._write = write; c.check_caches()\n"
    )
    assert python(project, full + CALL) == "20 0"
    assert [*(project / "cache").rglob("*.nbc")] == []


DIRECTORY = "from sim.compile_cache import require_cache; print(require_cache())"


def test_a_source_that_compiled_code_cannot_reach_changes_nothing(project: Path) -> None:
    before = python(project, DIRECTORY)
    (project / "models" / "face.py").write_text("from models.caller import outer  # changed\n")
    (project / "models" / "new.py").write_text("from models.face import outer\n")
    assert python(project, DIRECTORY) == before
    (project / "models" / "callee.py").write_text(CALLEE.format(1) + "from models import face\n")
    assert python(project, DIRECTORY) != before


@pytest.mark.parametrize(
    "line",
    [
        "from models import constants",
        "from models.constants import A",
        "import models.constants",
        "from models import (\n    constants,\n    face,\n)",
        "if True:\n    from models.constants import A",
    ],
)
def test_every_form_of_import_is_followed(project: Path, line: str) -> None:
    (project / "models" / "constants.py").write_text("A = 1\n")
    (project / "models" / "caller.py").write_text(f"{line}\n{CALLER}")
    before = python(project, DIRECTORY)
    (project / "models" / "constants.py").write_text("A = 2\n")
    assert python(project, DIRECTORY) != before


def test_compiled_code_of_the_adapter_is_never_stale_and_says_nothing_of_the_simulation(project: Path) -> None:
    (project / "real_adapter").mkdir()
    loop = project / "real_adapter" / "loop.py"
    loop.write_text(CALLER)
    both = (
        "from sim.compile_cache import require_cache, sources_hash\n"
        "print(require_cache(), sources_hash('models/replication.py'))"
    )
    directory, sources = python(project, both).split()
    loop.write_text(CALLER + "# changed\n")
    changed, same = python(project, both).split()
    assert changed != directory
    assert same == sources
    (project / "models" / "callee.py").write_text(CALLEE.format(2))
    assert python(project, both).split()[1] != sources


def test_what_a_simulation_gives_hangs_on_what_runs_it_and_not_on_what_judges_it(project: Path) -> None:
    of_all = "from sim.compile_cache import sources_hash; print(sources_hash('models/replication.py'))"
    before = python(project, of_all)
    (project / "models" / "face.py").write_text("from models.caller import outer  # judged otherwise\n")
    (project / "models" / "claims.yaml").write_text("says: another thing\n")
    assert python(project, of_all) == before
    (project / "models" / "prices.yaml").write_text("usd: 2\n")
    dearer = python(project, of_all)
    assert dearer != before
    (project / "models" / "caller.py").write_text(CALLER + "# changed\n")
    assert python(project, of_all) not in (before, dearer)


def test_every_compiled_function_stands_in_a_source_that_counts() -> None:
    program = (
        "import importlib, pathlib, sys\n"
        "from numba.core.dispatcher import Dispatcher\n"
        "from sim import compile_cache as compiling\n"
        "sources = compiling._sources(compiling.PACKAGES)\n"
        "files = set()\n"
        "for path in sources:\n"
        "    module = importlib.import_module(path.removesuffix('.py').removesuffix('/__init__').replace('/', '.'))\n"
        "    found = [value for value in vars(module).values() if isinstance(value, Dispatcher)]\n"
        "    files |= {pathlib.Path(value.py_func.__code__.co_filename) for value in found}\n"
        "counted = {pathlib.Path(compiling.__file__).parent.parent / path for path in compiling._compiled(sources)}\n"
        "print(len(files) > 10, sorted(map(str, files - counted)))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "True []", done.stderr


def test_no_source_hides_an_import_from_the_key() -> None:
    hidden = [
        path
        for package in sim.compile_cache.PACKAGES
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


def test_a_directory_chosen_by_the_user_is_the_base_and_a_child_process_finds_the_same(project: Path) -> None:
    child = (
        "import subprocess, sys, sim, os\n"
        f"here = {DIRECTORY!r}\n"
        "print(os.environ['NUMBA_CACHE_DIR'] == subprocess.run([sys.executable, '-c', here], "
        "capture_output=True, text=True).stdout.strip())"
    )
    chosen = project / "chosen"
    directory = Path(python(project, DIRECTORY, NUMBA_CACHE_DIR=str(chosen)))
    assert directory.parent == chosen
    assert directory.is_dir()
    assert python(project, child) == "True"


def test_numba_is_told_also_when_it_was_imported_before(project: Path) -> None:
    program = (
        "import numba, sim; from sim.compile_cache import require_cache; "
        "print(numba.config.CACHE_DIR == require_cache())"
    )
    assert python(project, program) == "True"


def test_directories_of_old_sources_are_pruned_and_nothing_else(project: Path) -> None:
    base = project / "cache" / "breakwater" / "numba"
    old = [f"{k:032x}" for k in range(5)]
    for age, name in enumerate(old):
        (base / name).mkdir(parents=True)
        os.utime(base / name, (1_700_000_000 - age, 1_700_000_000 - age))
    (base / "mine").mkdir()
    now = Path(python(project, DIRECTORY)).name
    assert directories(project) == {now, old[0], old[1], "mine"}


def test_code_is_compiled_once_it_has_been_said_to_be(project: Path) -> None:
    program = "from sim.compile_cache import *; print(is_compiled()); mark_compiled(); print(is_compiled())"
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


def test_the_key_is_refused_as_long_as_there_is_no_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sim.compile_cache, "_directory", None)
    monkeypatch.setattr(sim.compile_cache, "_problem", "Read-only file system")
    with pytest.raises(BadInput, match="Read-only file system"):
        sim.compile_cache.is_compiled()
