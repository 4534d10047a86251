"""The house: every file lies in a room, every room says what it is, and one more of a kind takes few files.

CONTRIBUTING shows the same rooms to whoever comes new.
"""

import ast
import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from models.engine.world import World
from models.plan.params import Params

ROOT = Path(__file__).parents[1]
PACKAGES = ("sim", "models", "real_adapter", "dashboards")
IN_ROOMS = ("models", "real_adapter")
"""Packages that hold rooms and nothing else; `sim` is flat, and a face of `dashboards` may be a file."""
DATA = {"baselines", "lua", "profiles", "scenarios"}
"""Folders of `models` without code."""
HOUSE = YAML(typ="safe", pure=True).load(Path(__file__).with_name("house.yaml"))
KINDS, PARTS, SHELVES = HOUSE["kinds"], HOUSE["parts"], HOUSE["shelves"]
USES = (
    "models/scenario/schema.json",
    "models/scenarios/",
    "models/ledger/",
    "models/baselines/",
    "models/robustness/tables/",
)
"""Where something is only used, or written by a command."""
ABOVE = r"\b(?:redis|lua|tickets?|seats?|gateways?|waiting rooms?|kubernetes|aws|real_adapter)\b"
"""Words of which the engine knows nothing."""


def sources(*tops: str) -> list[Path]:
    return [path for top in tops for path in sorted((ROOT / top).rglob("*.py"))]


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def rooms(top: str) -> set[str]:
    return {path.parent.name for path in (ROOT / top).glob("*/__init__.py")}


@pytest.mark.parametrize("top", IN_ROOMS)
def test_nothing_lies_outside_a_room(top):
    assert [path.name for path in (ROOT / top).glob("*.py")] == ["__init__.py"]
    folders = {path.name for path in (ROOT / top).iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders - rooms(top) == (DATA if top == "models" else set())


def test_the_engine_is_flat():
    assert {path.parent.name for path in sources("sim")} == {"sim"}


def test_every_room_says_what_it_is():
    packages = [path for path in sources(*PACKAGES) if path.name == "__init__.py"]
    assert [name_of(path) for path in packages if not ast.get_docstring(ast.parse(path.read_text()))] == []


def test_tests_lie_where_what_they_test_does():
    for top in PACKAGES:
        folders = {path.parent.relative_to(ROOT / "tests") for path in (ROOT / "tests" / top).rglob("test_*.py")}
        assert [str(folder) for folder in sorted(folders) if not (ROOT / folder).is_dir()] == []
    for top in IN_ROOMS:
        assert [path.name for path in (ROOT / "tests" / top).glob("test_*.py")] == []


@pytest.mark.parametrize("top", IN_ROOMS)
def test_contributing_shows_every_room_once(top):
    shown = (ROOT / "CONTRIBUTING.md").read_text().partition("## The house\n")[2].partition("\n## ")[0]
    block = re.search(rf"^    {top}/.*\n((?:      .*\n)+)", shown, re.MULTILINE)
    assert block is not None
    names = (line.strip().partition("  ")[0] for line in block[1].splitlines())
    listed = [room for name in names for room in re.findall(r"(\w+)/", name)]
    assert sorted(listed) == sorted(rooms(top))


def test_contributing_names_no_file_that_is_not_there():
    named = re.findall(r"`((?:\w+/)+[\w.]*)`", (ROOT / "CONTRIBUTING.md").read_text())
    assert [path for path in named if not any((ROOT / top / path).exists() for top in ("", "models"))] == []


def test_the_engine_names_nothing_of_what_is_above_it():
    found = [f"{path.name}: {word}" for path in sources("sim") for word in re.findall(ABOVE, path.read_text(), re.I)]
    assert found == []


def test_nothing_registers_itself():
    """Order is meaning here, so what there is stands in lists that somebody wrote."""
    found = r"iter_modules|walk_packages|__subclasses__|__init_subclass__"
    assert [name_of(path) for path in sources("sim", *IN_ROOMS) if re.search(found, path.read_text())] == []


def files_that_name(words: list[str]) -> set[str]:
    """Where one of these words stands, but for where it is only used; all profiles are one."""
    tops = ("sim", "models", "real_adapter", "dashboards", "tests/strategies")
    paths = [path for top in tops for path in (ROOT / top).rglob("*") if path.suffix in (".py", ".json", ".yaml")]
    whole = re.compile("|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in words))
    found = {str(path.relative_to(ROOT)) for path in paths if whole.search(path.read_text())}
    found = {path for path in found if not path.startswith(USES)}
    return {"models/profiles" if path.startswith("models/profiles/") else path for path in found}


@pytest.mark.parametrize("kind", KINDS)
def test_one_more_of_a_kind_takes_the_files_that_contributing_says(kind):
    assert sorted(files_that_name(KINDS[kind]["such_as"])) == KINDS[kind]["files"]
    stated = re.search(rf"\*\*A {kind}: (\d+) files?\.\*\*", (ROOT / "CONTRIBUTING.md").read_text())
    assert stated is not None
    assert int(stated[1]) == len(KINDS[kind]["files"])


def test_contributing_names_what_a_part_takes():
    files, lines = HOUSE["part"]["files"], HOUSE["part"]["lines"]
    page = (ROOT / "CONTRIBUTING.md").read_text()
    stated = re.search(r"\*\*A part of the data plane: (\d+) files and (\d+) lines\.\*\*(.*?)\n\n", page, re.DOTALL)
    assert stated is not None
    assert (int(stated[1]), int(stated[2])) == (len(files), len(lines))
    assert [path for path in lines if not (ROOT / path).is_file()] == []
    assert [path for path in [*files, *lines] if path.removeprefix("models/") not in stated[3]] == []


def test_contributing_names_what_else_a_part_takes_by_what_it_does():
    page = (ROOT / "CONTRIBUTING.md").read_text().replace("\n  ", " ")
    for what, lines in HOUSE["part"]["more"].items():
        stated = re.search(rf"\*{what}\* \((\d+)\):(.*?)(?:\n|\*It)", page)
        assert stated is not None, what
        assert int(stated[1]) == len(lines)
        assert [path for path in lines if not (ROOT / path).is_file()] == []
        assert [path for path in lines if path.removeprefix("models/") not in stated[2]] == []


@pytest.mark.parametrize("part", ["edge"])
def test_a_part_that_moved_in_is_imported_where_contributing_says(part):
    """Of the first that did, by the files that import anything of its: those of the judge and the ledger use it."""
    allowed = {*HOUSE["part"]["lines"], *(path for lines in HOUSE["part"]["more"].values() for path in lines)}
    imports = re.compile(rf"^from models\.(?:\w+\.)?{part}(?:_\w+|\.\w+)? import", re.MULTILINE)
    found = {str(path.relative_to(ROOT)) for path in sources("models") if imports.search(path.read_text())}
    own = {f"models/{shelf}/{file}.py" for shelf in SHELVES for file in PARTS[part][shelf]}
    uses = rf"models/(?:{part}|judge|ledger)/\w+\.py|models/results/{part}\.py"
    assert sorted(path for path in found - allowed - own if not re.fullmatch(uses, path)) == []


def files_in(room: str) -> list[str]:
    return sorted(path.stem for path in (ROOT / "models" / room).glob("*.py") if path.name != "__init__.py")


@pytest.mark.parametrize("part", PARTS)
def test_a_part_has_its_files_and_no_other(part):
    assert files_in(part) == PARTS[part]["room"]
    assert (ROOT / "tests" / "models" / part).is_dir()


@pytest.mark.parametrize("shelf", SHELVES)
def test_every_file_of_a_shelf_is_of_one_part_or_of_none(shelf):
    assert files_in(shelf) == sorted([*SHELVES[shelf], *(file for part in PARTS.values() for file in part[shelf])])


@pytest.mark.parametrize("part", [part for part in PARTS if "kernel" in PARTS[part]["room"]])
def test_a_part_of_the_data_plane_stands_in_every_list(part):
    """Its state, the same as processes, its settings, its numbers; and a line of World and of Params each."""
    assert "state" in PARTS[part]["room"]
    assert {"reference", "specification"} & set(PARTS[part]["room"])
    assert part in PARTS[part]["plan"]
    assert PARTS[part]["scenario"]
    assert part in World._fields
    assert part in Params._fields
