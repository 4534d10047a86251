"""The two modules that rewrite shipped profiles do so only if they are asked for that and nothing else."""

from collections.abc import Callable, Sequence

import pytest

from models.redis_costs.profile import PROFILES
from real_adapter.fit import curve_fit, derive


@pytest.mark.parametrize("main", [curve_fit.main, derive.main], ids=["curve_fit", "derive"])
@pytest.mark.parametrize(("asked", "code"), [("--help", 0), ("--dry-run", 2), ("talk-m7g", 2)])
def test_no_profile_is_rewritten_for_arguments(
    main: Callable[[Sequence[str]], None], asked: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.stat().st_mtime_ns for path in PROFILES.iterdir()}
    with pytest.raises(SystemExit) as ended:
        main([asked])
    assert ended.value.code == code
    assert ("rewrite its file" in capsys.readouterr().out) == (code == 0)
    assert {path: path.stat().st_mtime_ns for path in PROFILES.iterdir()} == before
