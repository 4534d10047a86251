"""Predicted against measured, shown: the same numbers in the terminal, in Markdown, on the page and in the figure."""

import dataclasses

import pytest

from dashboards.accuracy import accuracy_figure, accuracy_markdown, accuracy_page, accuracy_view, headline
from dashboards.fitted import fitted_view
from dashboards.terminal import console
from models.redis_costs.profile import load_profile
from real_adapter.calibrate.accuracy import CPU, P50, P99, Comparison, Verification, document_of, verification_of
from sim.estimate import Estimate


def one(metric: str, predicted: float, measured: float, allowed: float) -> Comparison:
    return Comparison(
        "status",
        metric,
        Estimate(predicted * 0.9, predicted, predicted * 1.1, 9),
        Estimate(None, measured, None, 1),
        allowed,
    )


FOUND = Verification(
    "mine",
    "valkey 9.1.2",
    "a machine",
    (one(CPU, 31.0, 30.0, 10.0), one(CPU, 40.0, 50.0, 10.0), one(P50, 60.0, 61.0, 15.0), one(P99, 200.0, 900.0, 30.0)),
    {"hypervisor steal": 3},
    (),
)


def test_the_headline_counts_what_is_met_and_states_median_and_worst() -> None:
    assert "11.7 % in the median, 20.0 % at worst" in headline(FOUND)
    assert "2 of 4 comparisons are within their bounds" in headline(FOUND)
    assert not FOUND.within_bounds


def test_markdown_page_terminal_and_json_have_the_same_errors(capsys: pytest.CaptureFixture[str]) -> None:
    console().print(accuracy_view(FOUND))
    shown = capsys.readouterr().out
    for error in ("+3.3 %", "-20.0 %", "-1.6 %", "-77.8 %"):
        assert error in shown
        assert error in accuracy_markdown(FOUND)
        assert error in accuracy_page(FOUND)
    document = document_of(FOUND)
    assert set(document) >= {"profile", "server", "machine", "cases", "median_error_percent", "discarded_windows"}
    assert document["worst_error_percent"] == pytest.approx(20.0)


@pytest.mark.parametrize(("change", "said"), [(18.0, "another state"), (-1.0, "in the same state")])
def test_a_changed_state_of_the_machine_is_told_from_an_error(change: float, said: str) -> None:
    found = dataclasses.replace(FOUND, state_percent=Estimate(change - 1, change, change + 1, 4))
    assert said in accuracy_markdown(found)
    assert f"{change:+.1f} %" in accuracy_markdown(found)
    assert document_of(found)["machine_state_change_percent"] == {
        "low": change - 1, "best": change, "high": change + 1,
    }  # fmt: skip
    assert verification_of(document_of(found)).state_changed == (said == "another state")


def test_it_says_for_which_speed_of_the_processor_it_was_predicted() -> None:
    found = dataclasses.replace(FOUND, slower=(1.25, 1.6))
    assert "at 80% of the speed that the costs are of, loads from memory at 62%" in accuracy_markdown(found)
    assert verification_of(document_of(found)).slower == (1.25, 1.6)
    assert verification_of(document_of(FOUND)).slower is None


def test_the_figure_has_a_panel_for_each_metric_and_a_point_for_each_case() -> None:
    figure = accuracy_figure(FOUND)
    points = [trace for trace in figure.data if trace.mode == "markers"]
    assert [len(trace.x) for trace in points] == [2, 1, 1]


def test_a_profile_is_shown_with_its_errors(capsys: pytest.CaptureFixture[str]) -> None:
    console().print(fitted_view(load_profile("x86-measured")))
    assert "CPU per request is fitted to" in capsys.readouterr().out


def test_a_bound_too_wide_to_prove_anything_earns_no_tick() -> None:
    loose = dataclasses.replace(FOUND, cases=(one(CPU, 31.0, 30.0, 10.0), one(P99, 58.1, 100.0, 133.0)))
    assert "2 of 2 comparisons are within their bounds, which for 1 are wider than 50 %" in headline(loose)
    assert accuracy_page(loose).count("✓") == 1
