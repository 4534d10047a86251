"""The file of measurements: read strictly, written whole."""

import json
from pathlib import Path

import pytest

from models.ledger.measured import MEASUREMENTS, read_measured, write_measured
from sim.errors import BadInput


def test_the_shipped_measurements_read_back(tmp_path: Path) -> None:
    shipped = read_measured()
    write_measured(tmp_path / "new" / "copy.json", shipped)
    assert read_measured(tmp_path / "new" / "copy.json") == shipped
    assert shipped.date in shipped.origin


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"schema_version": 2}, "schema_version: 2 is not allowed; must be 1"),
        ({"date": "yesterday"}, "date: 'yesterday' is not allowed; String should match"),
        ({"quantities": {}}, "quantities: an empty mapping is not allowed; Dictionary should have at least 1"),
        ({"more": 1}, "more: unknown key"),
        (
            {"quantities": {"a": {"low": 2.0, "best": 1.0, "high": 3.0, "n": 3, "unit": "s", "how": "x"}}},
            "quantities.a",
        ),
    ],
)
def test_a_damaged_file_is_refused_in_one_line(tmp_path: Path, change: dict[str, object], expected: str) -> None:
    document = json.loads(MEASUREMENTS.read_text()) | change
    path = tmp_path / "measured.json"
    path.write_text(json.dumps(document))
    with pytest.raises(BadInput) as refused:
        read_measured(path)
    assert expected in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="validate --measure"):
        read_measured(tmp_path / "none.json")


def test_a_quantity_that_was_not_measured_says_how_to_renew() -> None:
    with pytest.raises(BadInput, match="nothing was not measured; renew"):
        read_measured().of("nothing")
