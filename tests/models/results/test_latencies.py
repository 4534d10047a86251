import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.results.kpis import kpis_of
from models.results.latencies import percentile
from models.vocabulary.operations import Op
from models.vocabulary.units import MILLISECOND, SECOND
from sim.histogram import BUCKETS, LogHistogram, bucket_of
from tests.models.recordings import blank, planned

TIMEOUT = 30 * SECOND
NONE = np.zeros(0, np.int64)
times = st.lists(st.integers(0, TIMEOUT - 1), max_size=60)


def counts_of(values: list[int]) -> np.ndarray:
    return LogHistogram.of(np.array(values, np.int64)).counts


@given(times, st.integers(0, 60), st.integers(1, 100))
@settings(max_examples=200)
def test_what_failed_is_longer_than_every_answer(answered: list[int], failed: int, percent: int) -> None:
    found = percentile(counts_of(answered), failed, NONE, percent, TIMEOUT)
    everybody = sorted(answered) + [TIMEOUT] * failed
    if not everybody:
        assert found is None
        return
    exact = float(np.percentile(everybody, percent, method="inverted_cdf"))
    assert found == pytest.approx(exact, rel=0.004, abs=1)
    assert (found == TIMEOUT) == (exact == TIMEOUT)


def test_the_product_limit_estimate_is_that_of_the_textbook() -> None:
    """Remission times of 21 leukaemia patients on 6-MP, in weeks (Freireich 1963; Kalbfleisch and Prentice, The
    Statistical Analysis of Failure Time Data, table 1.1): S is .857 after 6, .690 after 13, .538 after 22, .448 after
    23, with the median 23 and the first quartile 13; the plain quartile of all 21 times would be 9."""
    ended = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    censored = np.array([6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35])
    counts = np.zeros(BUCKETS, np.int64)
    np.add.at(counts, [bucket_of(week) for week in ended], 1)
    assert percentile(counts, 0, censored, 50, TIMEOUT) == 23
    assert percentile(counts, 0, censored, 25, TIMEOUT) == 13
    assert percentile(counts, 0, censored, 14.2, TIMEOUT) == 6
    assert percentile(counts, 0, censored, 60, TIMEOUT) == 35  # nobody was followed for so long: at least the longest


def test_a_request_under_way_for_a_moment_says_nothing_of_the_others() -> None:
    answered = counts_of([MILLISECOND] * 99)
    assert percentile(answered, 0, np.array([0]), 99, TIMEOUT) == pytest.approx(MILLISECOND, rel=0.004)


def test_fewer_answers_make_no_better_percentile() -> None:
    """Of two designs the one that answers 30 % of its requests, and those fast, is not the better one."""
    plan = planned()
    slow, failing = (dataclasses.replace(blank(plan, 100), sent=100) for _ in range(2))
    for recording, answered, latency in ((slow, 100, 9 * SECOND), (failing, 30, 4 * SECOND)):
        recording.record.counts[0, Op.STATUS, bucket_of(latency)] = answered
    failing.record.failed[0, Op.STATUS] = 70
    found = [kpis_of(plan, recording)["latency.status_p99_ms"] for recording in (slow, failing)]
    assert found[0].best == pytest.approx(9_000, rel=0.004)
    assert found[1].best == 1000 * plan.scenario.clients.timeout_s == 30_000
    assert [kpi.at_least for kpi in found] == [False, True]
    assert found[1].as_json()["at_least"] is True
    assert "at_least" not in found[0].as_json()


def test_all_requests_together_are_those_of_every_endpoint() -> None:
    plan = planned()
    recording = blank(plan, 100)
    recording.record.counts[0, Op.RESERVE, bucket_of(SECOND)] = 60
    recording.record.counts[0, Op.JOIN, bucket_of(MILLISECOND)] = 40
    kpis = kpis_of(plan, recording)
    assert kpis["latency.all_p50_ms"].best == pytest.approx(1000, rel=0.004)
    assert kpis["latency.join_p99_ms"].best == pytest.approx(1, rel=0.004)
