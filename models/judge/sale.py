"""What a run of an on-sale shows of its line: whether the rate is kept, the load, the seats, and what polls make."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.judge.apart import most_admissions
from models.judge.finding import Finding, Severity, bad
from models.judge.published import TALK_ENOUGH_RPS, TALK_PEOPLE, TALK_STATUS_RPS
from models.judge.wording import clock, number, with_unit

if TYPE_CHECKING:
    from models.results.result import RunResult
    from models.scenario import Scenario

KEPT_SHARE = 0.95
"""Admissions keep their rate if they reach this share of it while the line is long enough to fill it."""


def is_onsale(scenario: Scenario) -> bool:
    """Whether people come for seats (true) or a load generator drives a ladder (false)."""
    return scenario.clients.load.mode == "onsale"


def is_talks_size(scenario: Scenario) -> bool:
    """Whether it is an on-sale of as many people as the talk's, so that its figures can stand beside."""
    return is_onsale(scenario) and scenario.clients.count == TALK_PEOPLE


def achieved_admissions_rps(result: RunResult, scenario: Scenario) -> float | None:
    """Mean admissions per second while the line could have filled the rate; None if it never could."""
    found = _while_filled(result, scenario)
    return None if found is None else float(found.mean())


def _while_filled(result: RunResult, scenario: Scenario) -> NDArray[np.float64] | None:
    """Admissions in each second while the line could have filled the rate; None if it never could.

    Counted from the first admission to the last second in which at least one second's worth of people waited, or in
    which there were seats if people are told that there are none: then they go.
    """
    admitted = result.series["admitted"].to_numpy(float)
    waiting = result.series["waiting"].to_numpy(float)
    started = admitted.nonzero()[0]
    enough = (waiting >= scenario.admission.rate_rps).nonzero()[0]
    sold_out_s = result.best("seats.sold_out_s")
    if scenario.event.on_sold_out == "announce" and sold_out_s is not None:
        enough = enough[enough < sold_out_s]
    if started.size == 0 or enough.size == 0 or enough[-1] <= started[0]:
        return None
    return admitted[started[0] + 1 : enough[-1] + 1]


def admissions(result: RunResult, scenario: Scenario, broken: Collection[str]) -> Finding:
    """Whether the rate is kept while people wait."""
    rate, found = scenario.admission.rate_rps, _while_filled(result, scenario)
    total = with_unit(result.best("admission.total"), "people")
    if found is None:
        return Finding("Admissions", f"{total} admitted; the line never held enough people to fill {number(rate)}/s.")
    reached, most = float(found.mean()), most_admissions(result.facts, found.size)
    text = f"{number(reached)} of {number(rate)} per second while people waited, {total} in all."
    kept = reached >= KEPT_SHARE * rate
    if not kept and most is not None and KEPT_SHARE * most <= reached:
        text += (
            f" Each event has a share of the rate, unused once its line is empty: {number(most)} is the most that "
            "these shares let in."
        )
    return Finding("Admissions", text, Severity.GOOD if kept else bad(broken, "mean_wait_s", "unserved_percent"))


def load(result: RunResult, scenario: Scenario) -> Finding:
    """The polls of the busiest second and on average, against what evenly spread polls would be."""
    peak, mean = result.best("requests.status_rps_peak"), result.best("requests.status_rps_mean")
    poll, count = scenario.clients.poll_interval_s, scenario.clients.count
    text = f"{number(peak)} status RPS in the busiest second, {number(mean)} on average."
    if count != TALK_PEOPLE:
        expected = int(result.facts["sessions"]) / poll
        text += f" {number(result.facts['sessions'])} tabs / {number(poll)} s would be {number(expected)}."
        return Finding("Load", text + _uneven(peak, expected))
    above = int((result.series["sent_status"] > TALK_ENOUGH_RPS).sum())
    reached = number(100 * (peak or 0) / TALK_STATUS_RPS)
    text += f" The talk designs for {number(TALK_STATUS_RPS)} ({reached} % reached)"
    enough = f"the {number(TALK_ENOUGH_RPS)} it calls enough"
    text += f"; {enough} is exceeded for {clock(above)}." if above else f"; {enough} is."
    return Finding("Load", text + _uneven(peak, TALK_STATUS_RPS))


def _uneven(peak: float | None, evenly: float) -> str:
    """That the peak exceeds what the polls would be if they were spread evenly over the interval, if it does by far."""
    times = (peak or 0) / evenly if evenly else 0.0
    return "" if times < 1.3 else f" Polls are not spread evenly: the busiest second has {number(times)} times as many."


def seats(result: RunResult, scenario: Scenario) -> Finding:
    """When the seats went, whether any was sold twice, and who waited on for nothing."""
    sold, oversold = result.best("seats.sold") or 0, result.best("seats.oversold") or 0
    fine = Severity.BROKEN if oversold > scenario.slo.oversold else Severity.REMARK if oversold else Severity.GOOD
    over = f" {number(oversold)} seats were sold twice." if oversold else " None sold twice."
    at = result.best("seats.sold_out_s")
    if at is None:
        text = f"{number(sold)} of {number(scenario.event.seats)} sold by the end, not sold out.{over}"
        return Finding("Seats", text, fine)
    line, vain = result.facts["waiting_at_sold_out"], result.facts["waited_in_vain"]
    after = clock(at - scenario.event.opens_at_s)
    text = f"All {number(scenario.event.seats)} sold {after} after the opening.{over}"
    if scenario.event.on_sold_out == "announce":
        text += f" {number(line)} people in line were told then."
        return Finding("Seats", text, fine)
    text += f" {number(line)} people were in line then; {number(vain)} waited on for nothing: nobody told them."
    admitted = result.facts["admitted_without_seat"]
    if admitted:
        text += f" {number(admitted)} were let in and got none."
    return Finding("Seats", text, Severity.REMARK if vain and fine is Severity.GOOD else fine)
