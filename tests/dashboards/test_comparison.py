from dataclasses import replace

import pytest

from dashboards.comparison import comparison_view
from dashboards.output import comparison_document
from models.judge.ranges import compared_node_notes
from models.results.result import Difference
from models.scenario import load_scenario
from sim.outcome import FEWEST_PAIRS
from tests.dashboards.synthetic import difference, printed

A, B = load_scenario("onsale-300k"), load_scenario("onsale-300k-spread")


def shown(replications: int, *differences: Difference) -> str:
    return printed(comparison_view(A, B, replications, {item.kpi: item for item in differences}))


def test_what_differs_stands_apart_from_what_does_not() -> None:
    text = shown(5, difference("status", "ms", 4_710, -4_620, 25), difference("enter", "ms", 90, 1, 5))
    found, same = text.split("No detectable difference")
    assert "-4,620 ms" in found
    assert "-4,645 ms to -4,595 ms" in found
    assert found.count("the mean") == found.count("common draws") == 1
    assert "enter" in same
    assert "enter" not in found


def test_one_pair_can_tell_nothing() -> None:
    text = shown(1, difference("status", "ms", 4_710, -4_620, None))
    assert "no interval" in text
    assert "Detectable" not in text


@pytest.mark.parametrize("few", range(2, FEWEST_PAIRS))
def test_too_few_pairs_show_what_differs_and_say_how_many_can_tell(few: int) -> None:
    apart, same = difference("status", "ms", 4_710, -4_620, 25), difference("oversold", "seats", 0, 0, 0)
    undecided = replace(apart, detectable=False)
    text = shown(few, undecided, replace(same, detectable=False))
    assert f"Fewer than {FEWEST_PAIRS} pairs, so no difference can be told from chance. --replications 10 can." in text
    table, equal = text.split("The same")
    assert "-4,645 ms to -4,595 ms" in table
    assert "oversold" in equal
    assert "oversold" not in table


def test_the_document_has_both_sides_and_the_difference() -> None:
    item = difference("status", "ms", 4_710, -4_620, 25)
    document = comparison_document(A, B, 3, 5, {"status": item})
    found = document["differences"]["status"]
    assert (document["a"], document["b"], document["seed"], document["replications"]) == (A.name, B.name, 3, 5)
    assert found["difference"] == {"low": -4_645, "best": -4_620, "high": -4_595, "n": 5}
    assert found["detectable"] is True
    assert found["rests_on"] == ["the mean", "common draws"]
    assert document["nodes"] == []


def test_what_is_not_known_of_the_nodes_stands_beside_what_differs() -> None:
    other = load_scenario("onsale-300k", ("redis.node_type=cache.r7g.xlarge",))
    known = compared_node_notes(other, other)
    assert len(known) == 1, "each is said once"
    assert "cache.r7g.xlarge" in known[0]
    item = difference("status", "ms", 4_710, -4_620, 25)
    assert "cache.r7g.xlarge" in printed(comparison_view(A, other, 5, {"status": item}))
    assert comparison_document(A, other, 3, 5, {"status": item})["nodes"] == list(known)
    assert compared_node_notes(A, B) == (), "nothing is said of the node that the profile is of"
