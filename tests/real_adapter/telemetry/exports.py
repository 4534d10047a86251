"""What tests of exports from production ask of any reader: it reads a file or refuses it, and never repeats it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st

from real_adapter.telemetry.minutes import Telemetry
from sim.errors import BadInput

Read = Callable[[Path], Telemetry]
SECRET = "secret-word"


def written(folder: Path, text: str) -> Path:
    path = folder / "export"
    path.write_text(text, encoding="utf-8")
    return path


def assert_refused(read: Read, path: Path, told: str) -> None:
    """See that a file is refused in one line, which has *told* in it and nothing secret."""
    with pytest.raises(BadInput) as refused:
        read(path)
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)
    assert SECRET not in str(refused.value)


def assert_survives_damage(read: Read, folder: Path, text: str, signs: list[str], data: st.DataObject) -> None:
    """See that *text* with something else in some place, maybe one of the *signs*, is read or refused in one line."""
    at = data.draw(st.integers(0, len(text)))
    until = data.draw(st.integers(at, min(len(text), at + 40)))
    put = data.draw(st.text(max_size=6) | st.sampled_from([*signs, "-", "1e999", "NaN", "9" * 30]))
    got = _outcome(read, written(folder, text[:at] + put + text[until:]))
    if isinstance(got, str):
        assert "\n" not in got
    else:
        assert got.time_s.size >= 5
        assert np.isfinite([got.cpu, *got.per_s.values()]).all()


def _outcome(read: Read, path: Path) -> Telemetry | str:
    try:
        return read(path)
    except BadInput as refused:
        return str(refused)
