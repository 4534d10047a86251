"""What survives is said first, and what does not with the values that change it."""

import json
from dataclasses import replace

import pytest

from models.judge.robustness import HOLDS, JOINS, RATE, Robustness
from models.robustness.words import conditions, depends_text, scope_text, survives_text, survivors, told
from tests.models.robustness.made_up import TABLE


def test_what_survives_stands_with_the_range_of_its_figure() -> None:
    assert survivors(TABLE)[0] == "one event's 300,000 joins saturate one primary, for 8 s to 11 s"
    assert survives_text(TABLE).startswith("Whichever of 4 assumptions is varied: one event's 300,000 joins saturate")


def test_another_number_of_events_is_another_sentence_about_joins_and_counts_for_the_others() -> None:
    assert TABLE.survives(JOINS)
    assert [row.setting for row in TABLE.against(HOLDS)] == ["waiting_room.events"]


def test_what_does_not_survive_names_the_values_that_change_it_and_what_is_open() -> None:
    (holds, rate) = conditions(TABLE)
    assert holds == "The design does not hold; but the design holds with waiting_room.events=5."
    assert rate == (
        "1,000 admissions per second are kept up (1,000 people/s); but 1,000 admissions per second are not reached "
        "with waiting_room.replica_reads=false (890 people/s); it is open with clients.timeout_s=5 (990 people/s)."
    )
    assert [row.setting for row in TABLE.against(RATE)] == ["waiting_room.replica_reads", "clients.timeout_s"]


def test_the_headline_names_what_flips_whether_it_holds_first() -> None:
    assert depends_text(TABLE) == ("It depends on waiting_room.events, waiting_room.replica_reads, clients.timeout_s.")
    firm = replace(TABLE, rows=TABLE.rows[3:])
    assert depends_text(firm) == "None of the 1 assumption that were varied changes that."


def test_of_draws_that_do_not_agree_nothing_survives_and_it_is_said() -> None:
    open_ = {**TABLE.base, HOLDS: replace(TABLE.base[HOLDS], says=None)}
    table = replace(TABLE, base=open_, rows=TABLE.rows[3:])
    assert not table.survives(HOLDS)
    assert depends_text(table) == "With other draws of the costs it is another."
    assert "It is open whether the design does not hold." in conditions(table), "there is no figure to it"


def test_how_it_was_made_is_said() -> None:
    assert "3 replications of the scenario" in scope_text(TABLE)
    assert "seeds 1, 7, 9" in scope_text(TABLE)
    assert "3 replications of 4 variations. A conclusion" in scope_text(TABLE), "how many each row rests on"
    fewer = replace(TABLE.rows[0], cells={key: replace(cell, n=2) for key, cell in TABLE.rows[0].cells.items()})
    text = scope_text(replace(TABLE, rows=(fewer, *TABLE.rows[1:])))
    assert "2 replications of 1 variation, 3 replications of 3 variations; the fewest are of those in which" in text
    assert told(None, "stale") == ("stale",)
    assert told(TABLE, "")[0] == survives_text(TABLE)
    assert told(TABLE, "")[-1] == scope_text(TABLE), (
        "beside intervals of the same figures ranges are not taken for such"
    )
    assert "no intervals that hold one more on-sale" in scope_text(TABLE)


def test_it_is_stored_and_read_back() -> None:
    document = json.loads(json.dumps(TABLE.to_json()))
    assert Robustness.from_json(document) == TABLE
    with pytest.raises(ValueError, match="format"):
        Robustness.from_json({**document, "format": 99})
