"""The bench on a real server: every operation of the design runs, costs what is traced, and leaves the line alone."""

from collections.abc import Iterator
from typing import cast

import numpy as np
import pytest
import redis

from models.redis_costs.commands import Command
from models.redis_costs.profile import load_profile
from models.waiting_room.scripts import load_script, script_of
from real_adapter.calibrate import experiment
from real_adapter.calibrate.calibration import Rig, calibrate, usable_cores
from real_adapter.calibrate.prediction import predicted
from real_adapter.calibrate.trials import ZCOUNTS, changed_status, traced_extra
from real_adapter.measure.bench import Bench, bench_on
from real_adapter.measure.cases import Case, Load
from real_adapter.measure.tracing import Called, called
from real_adapter.measure.window import Gauge
from real_adapter.measure.work import TERMS
from real_adapter.measure.yardstick import Yardstick
from real_adapter.server.server import LocalServer
from sim.errors import BadInput


@pytest.fixture(scope="module")
def bench(server: LocalServer) -> Iterator[Bench]:
    with server.client() as client, bench_on(client, f"redis://{server.address}", 5, None, "bench:") as found:
        experiment.prepare(found)
        yield found


def quick(case: Case) -> Case:
    """The same for a few hundredths of a second."""
    load = case.load
    rate = None if load.rate_rps is None else max(load.rate_rps, 200.0 * load.together)
    return Case(case.operation, case.members, Load(0.03, rate, load.together, min(load.users, 5)))


@pytest.mark.parametrize("part", ["loads", "probes"])
def test_every_case_of_the_design_runs_without_an_error_and_leaves_the_line_as_it_was(bench: Bench, part: str) -> None:
    for case in experiment.load_cases() if part == "loads" else experiment.probe_cases():
        driven = bench.drive(quick(case), 1)  # raises what is answered with an error
        assert (driven.replied_ns >= 0).any()
    for members in experiment.SIZES:
        assert bench.client.zcard(f"bench:{members}:wr:{{bench}}:line") == members
        assert bench.client.zcard(f"bench:{members}:wr:{{bench}}:seen") == members


@pytest.mark.parametrize("name", ["ZRANK", "ZCOUNT of all"])
def test_a_probe_walks_the_set_of_its_own_size(bench: Bench, name: str) -> None:
    small, large = (Case(name, members, Load(0.03, users=2)) for members in (experiment.SIZES[0], experiment.SIZES[-1]))
    for case in (small, large):
        sent = bench.requests(case, np.zeros(1, np.int64)).blob.tobytes()
        assert bench.keys_of(case.members).line.encode() in sent
    assert (bench.work(small) == bench.work(large)) == ("of all" in name)


def test_every_command_that_a_profile_prices_is_measured(bench: Bench) -> None:
    cases = (*experiment.probe_cases(), *experiment.key_cases())
    charged = {path for case in cases for path in bench.work(case).counts}
    for command in Command:
        for term in TERMS[command]:
            assert f"commands.{command.name}.{term}" in charged


def test_a_changed_script_is_seen_on_the_server_before_it_is_measured(bench: Bench) -> None:
    (extra,) = traced_extra(bench, changed_status())
    assert extra == {"operation": "status", "command": "ZCOUNT", "on": "none", "elements": 1, "calls": ZCOUNTS}
    original = load_script("status")
    assert traced_extra(bench, script_of("status", original.source + "\n-- only a comment")) == ()


def test_counting_up_to_a_score_walks_and_counting_all_does_not(bench: Bench) -> None:
    keys = bench.keys_of(1_000)
    commands = [(b"ZCOUNT", keys.line.encode(), b"-inf", bound) for bound in (b"+inf", b"17")]
    assert set(called(commands, keys)) == {Called("ZCOUNT", "none", 1), Called("ZCOUNT", "line", 1)}


def test_a_command_without_a_price_is_named(bench: Bench) -> None:
    with pytest.raises(BadInput, match="the script calls GEOADD, for which no profile has a cost"):
        called([(b"GEOADD", b"x")], bench.keys_of(1_000))


def test_a_window_tells_what_it_cost_and_why_it_does_not_count(bench: Bench, server: LocalServer) -> None:
    gauge = Gauge(bench.client, server.pid, 2, Yardstick(usable_cores()[-1]))
    case = Case("status", 1_000, Load(0.2, 1_000.0))
    window = gauge.measure(case.name, lambda: bench.drive(case, 1))
    assert window.cpu_us > 0
    assert 0 < window.utilisation <= 1.05
    assert (window.speed is None) == (window.refused == "the processor's speed was not seen")
    assert (window.refused == "") == (gauge.kept == 1)
    assert sum(gauge.refusals.values()) == (window.refused != "")


def test_only_a_server_of_our_own_has_its_statistics_reset_and_its_percentiles_set(
    bench: Bench, server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("real_adapter.measure.window.IDLE_S", 0.01)
    asked, case = "latency-tracking-info-percentiles", Case("status", 1_000, Load(0.1, 1_000.0))
    bench.client.config_set(asked, "50 99.9")
    for pid in (None, server.pid):
        bench.client.echo("counted until statistics are reset")
        gauge = Gauge(bench.client, pid, 2)
        gauge.settle()
        window = gauge.measure(case.name, lambda: bench.drive(case, 1))
        theirs = pid is None
        assert (window.spread is None) == theirs
        assert (bench.client.config_get(asked)[asked] == "50 99.9") == theirs
        assert ("cmdstat_echo" in bench.client.info("commandstats")) == theirs


def test_the_prediction_of_a_bare_server_is_that_of_its_engine_thread() -> None:
    stage = predicted(Case("status", 1_000, Load(1.0, 10_000.0)), load_profile("talk-m7g"), 20.0)
    assert stage.engine_cpu_percent == pytest.approx(40, abs=8)  # the talk's own figure, to which it is fitted
    assert stage.status_p50_ms is not None
    assert stage.status_p50_ms > 0.02


@pytest.mark.parametrize("budget_s", [5.0, float("inf"), float("nan")])
def test_a_budget_too_short_or_without_an_end_is_refused_at_once(budget_s: float) -> None:
    with pytest.raises(BadInput, match=f"budget_s: {budget_s:g} is not allowed; allowed: 60 or more"):
        calibrate(cast(Rig, None), budget_s)


def test_a_request_that_is_refused_is_told_as_it_is(bench: Bench) -> None:
    case = Case("status", 1_000, Load(0.02, users=1))
    source = "#!lua\nreturn redis.call('LPUSH', KEYS[1], 'x')"
    with pytest.raises(redis.exceptions.ResponseError, match="WRONGTYPE"):
        bench.drive(case, 1, script_of("status", source))
    assert bench.scripts["status"] == load_script("status")
