import io

from rich.console import Console

from dashboards.comparison import comparison_view
from dashboards.output import comparison_document
from models.results.result import Difference
from models.scenario import load_scenario
from sim.estimate import Estimate

A, B = load_scenario("onsale-300k"), load_scenario("onsale-300k-spread")


def difference(kpi: str, a: float, b: float, half: float | None) -> Difference:
    n = 1 if half is None else 5
    bounds = (None, None) if half is None else (b - a - half, b - a + half)
    estimate = Estimate(bounds[0], b - a, bounds[1], n)
    sides = [Estimate(None if half is None else x - 1, x, None if half is None else x + 1, n) for x in (a, b)]
    return Difference(kpi, "ms", sides[0], sides[1], estimate, estimate.excludes(0), ("of the mean", "draws in common"))


def shown(replications: int, *differences: Difference) -> str:
    page = io.StringIO()
    view = comparison_view(A, B, replications, {item.kpi: item for item in differences})
    Console(file=page, width=100).print(view)
    return page.getvalue()


def test_what_differs_stands_apart_from_what_does_not() -> None:
    text = shown(5, difference("status", 4_710, 90, 25), difference("enter", 90, 91, 5))
    found, same = text.split("No detectable difference")
    assert "-4,620 ms" in found
    assert "-4,645 ms to -4,595 ms" in found
    assert found.count("of the mean") == found.count("draws in common") == 1
    assert "enter" in same
    assert "enter" not in found


def test_one_pair_can_tell_nothing() -> None:
    text = shown(1, difference("status", 4_710, 90, None))
    assert "no interval" in text
    assert "Detectable" not in text


def test_the_document_has_both_sides_and_the_difference() -> None:
    item = difference("status", 4_710, 90, 25)
    document = comparison_document("a", "b", 3, 5, {"status": item})
    found = document["differences"]["status"]
    assert (document["a"], document["b"], document["seed"], document["replications"]) == ("a", "b", 3, 5)
    assert found["difference"] == {"low": -4_645, "best": -4_620, "high": -4_595, "n": 5}
    assert found["detectable"] is True
    assert found["rests_on"] == ["of the mean", "draws in common"]
