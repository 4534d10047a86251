"""Faults put into both engines alike, which agree on them, and into what the compiled one does without an event.

The faults are in `both.yaml`, each found by a test of an outside truth, and in `fused.yaml`. Each is tried in a copy of
the tree, which compiles anew, with BREAKWATER_NIGHTLY=1; that each can be tried is looked at always.
"""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
FAULTS = [
    fault
    for name in ("both.yaml", "fused.yaml")
    for fault in yaml.safe_load(Path(__file__).with_name(name).read_text(encoding="utf-8"))
]
SOURCES = ("sim", "models", "real_adapter", "dashboards", "tests")
TESTS_FAILED = 1
"""What pytest ends with if it ran and a test failed; it ends with others if it could not run."""


def name_of(fault: dict[str, Any]) -> str:
    file, (part, other) = next(iter(fault["files"].items()))
    return f"{Path(file).stem}: {part} -> {other}"


def broken(root: Path, fault: dict[str, Any]) -> None:
    """Put a fault into the files below *root*."""
    for file, (part, other) in fault["files"].items():
        path = root / file
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(part, other), encoding="utf-8")


@pytest.mark.parametrize("fault", FAULTS, ids=name_of)
def test_every_fault_is_one_that_can_be_tried(fault):
    for file, (part, other) in fault["files"].items():
        assert (ROOT / file).read_text(encoding="utf-8").count(part) == 1, f"{part} in {file}"
        assert part != other
    assert (ROOT / shlex.split(fault["found_by"])[0]).exists()


@pytest.mark.skipif("BREAKWATER_NIGHTLY" not in os.environ, reason="a minute each: with BREAKWATER_NIGHTLY=1")
@pytest.mark.parametrize("fault", FAULTS, ids=name_of)
def test_a_fault_is_found(fault, tmp_path):
    for name in SOURCES:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    broken(tmp_path, fault)
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *shlex.split(fault["found_by"])]
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert ended.returncode == TESTS_FAILED, ended.stdout[-3000:] + ended.stderr[-1000:]
