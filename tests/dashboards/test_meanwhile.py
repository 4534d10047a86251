"""What is imported while a simulation runs."""

import sys
from pathlib import Path

import pytest

from dashboards import meanwhile
from tests.clusters import within


def test_imports_begin_when_a_simulation_runs_and_not_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "imported_meanwhile.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(meanwhile, "AFTER_A_RUN", ("not_there_at_all", "imported_meanwhile"))
    told: list[tuple[float, int, float, str]] = []
    progress = meanwhile.importing(lambda *state: told.append(state))
    progress(0.0, 0, 0.0, "compiling (first run only)")
    assert "imported_meanwhile" not in sys.modules
    for fraction in (0.1, 0.2):
        progress(fraction, 1000, 0.1, "")
    within(30, lambda: "imported_meanwhile" in sys.modules)
    assert told == [(0.0, 0, 0.0, "compiling (first run only)"), (0.1, 1000, 0.1, ""), (0.2, 1000, 0.1, "")]
    del sys.modules["imported_meanwhile"]


def test_everything_that_is_imported_meanwhile_is_there() -> None:
    meanwhile._import()
    assert set(meanwhile.AFTER_A_RUN) <= set(sys.modules)
