from pathlib import Path

import pytest

from models.documents.sourced import read_sourced
from models.ledger.claims import CLAIMS, Claims, claims
from sim.errors import BadInput


def test_the_shipped_claims_are_those_of_the_talk() -> None:
    found = claims()
    assert len(found) == CLAIMS.read_text(encoding="utf-8").count("- {id: ") > 60
    assert found["cost.nodes"].number("on_demand_usd") == 1200
    assert found["cost.dynamodb"].bounds == (8, 48)
    assert found["arch.direct"].value is None


def test_an_input_that_is_not_stated_or_no_number_is_not_made_up() -> None:
    with pytest.raises(KeyError):
        claims()["demand.status_rps"].number("tabs")
    with pytest.raises(TypeError, match="score"):
        claims()["fairness.fifo"].number("score")
    with pytest.raises(TypeError, match="not a number"):
        _ = claims()["cost.dynamodb"].figure
    with pytest.raises(TypeError, match="not a range"):
        _ = claims()["cost.nodes"].bounds


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("id: cost.idle,", "id: cost.nodes,", "cost.nodes stands there twice"),
        ('how: [cost], says: "Graviton', 'how: [guess], says: "Graviton', "how"),
        ("value: 70, unit: percent}", "value: seventy, unit: percent}", "value"),
        ("id: cost.spot,", "id: cost.spot, flip: 3,", "flip"),
    ],
)
def test_damaged_claims_are_refused_in_one_line(tmp_path: Path, old: str, new: str, says: str) -> None:
    text = CLAIMS.read_text(encoding="utf-8")
    assert old in text
    file = tmp_path / "claims.yaml"
    file.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        read_sourced(file, Claims)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
