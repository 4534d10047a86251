"""Telemetry made from a known profile times a known factor: the factor is found, with an honest interval."""

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.redis_costs.commands import PER_KEY, Command
from models.redis_costs.parts import ENGINE_CPU_TIMES, Draws
from models.redis_costs.profile import Profile, load_profile, parse_profile, profile_json
from real_adapter.fit.curves import calls_by_operation
from real_adapter.measure.work import MIX
from real_adapter.telemetry.load import calls_of
from real_adapter.telemetry.minutes import ALL_COMMANDS, Telemetry, Vector
from real_adapter.telemetry.rescale import rescale
from real_adapter.telemetry.scale_fit import Scale, fit_scale, scaled_thread
from sim.errors import BadInput

MEMBERS = 1_000
START_S = 1_759_320_000.0
MEASURED = load_profile("x86-measured")


def exact_cpu(profile: Profile, rate_rps: Vector, request_us: Vector, factor: float) -> Vector:
    """Utilisation under Poisson arrivals by the closed form of `engine_thread`, all costs times *factor*."""
    engine, per_us = profile.engine, rate_rps / 1e6
    extra = (engine.wake_cold_us - engine.wake_warm_us) / (1 + per_us * engine.wake_tau_ms * 1e3)
    a, b = factor * (engine.wake_warm_us + extra), factor * request_us
    return np.where(per_us * b < 1, per_us * (a + b) / (1 + per_us * a), 1.0)


def calls_per_s(rate_rps: Vector) -> dict[str, Vector]:
    """What commandstats counts of scripts in the usual mix, each operation with the calls of the specification."""
    per_s: dict[str, Vector] = {"EVALSHA": rate_rps}
    for operation, calls in calls_by_operation(MEMBERS).items():
        for command, _, _ in calls:
            per_s[command.name] = per_s.get(command.name, 0.0) + MIX[operation] * rate_rps
    return per_s


def made(
    factor: float, noise: float, minutes: int, seed: int, low_rps: float = 500, high_rps: float = 9_000
) -> Telemetry:
    """Minutes whose rate comes and goes, of a server that takes *factor* times the CPU, told to within *noise*."""
    generator = np.random.default_rng(seed)
    wave = (1 - np.cos(np.linspace(0, 4 * np.pi, minutes))) / 2
    rate_rps = low_rps * (high_rps / low_rps) ** wave
    per_s = calls_per_s(rate_rps)
    telemetry = Telemetry("made", START_S + 60 * np.arange(minutes), np.zeros(minutes), per_s, {})
    request_us = calls_of(telemetry, members=MEMBERS).load(MEASURED).request_us
    cpu = exact_cpu(MEASURED, rate_rps, request_us, factor) * np.exp(noise * generator.standard_normal(minutes))
    return Telemetry("made", telemetry.time_s, np.minimum(cpu, 1.0), per_s, {"gap": 2})


def fitted(telemetry: Telemetry) -> Scale:
    return fit_scale(MEASURED, telemetry, calls_of(telemetry, members=MEMBERS))


def test_the_load_of_the_usual_mix_is_that_of_its_operations():
    telemetry = made(1.0, 0.0, 5, 0)
    load = calls_of(telemetry, members=MEMBERS).load(MEASURED)
    table_us = MEASURED.cost_table() / 1e3
    calls_us = 0.0
    for operation, calls in calls_by_operation(MEMBERS).items():
        for command, elements, members in calls:
            call, element, depth = table_us[command, :PER_KEY]
            calls_us += MIX[operation] * (call + elements * (element + depth * np.log2(members + 1)))
    expected_us = MEASURED.engine.io_us + MEASURED.script_overhead_us + calls_us
    assert load.rate_rps == pytest.approx(telemetry.per_s["EVALSHA"])
    assert load.request_us == pytest.approx(np.full(5, expected_us), rel=0.01)  # log2 of integers is that close


def test_only_scripts_leave_garbage_to_collect():
    engine = MEASURED.engine.model_copy(update={"garbage_us": 8.0})
    profile = MEASURED.model_copy(update={"engine": engine})
    rates_rps = np.full(6, 100.0)
    for per_s, garbage in (
        ({"EVALSHA": rates_rps}, 8_000),
        ({"GET": rates_rps}, 0),
        ({"EVALSHA": rates_rps / 4}, 8_000),
    ):
        telemetry = Telemetry("made", START_S + 60 * np.arange(6), np.full(6, 0.1), per_s, {})
        assert calls_of(telemetry).thread(profile) == profile.engine_thread()._replace(garbage=garbage)


def test_families_and_all_commands_together_come_to_the_same_load():
    exact = made(1.0, 0.0, 5, 0)
    families = {"EvalBasedCmds": exact.per_s["EVALSHA"]}
    for begins, family in {"Z": "SortedSetBasedCmds", "H": "HashBasedCmds", "S": "StringBasedCmds"}.items():
        families[family] = sum(rate for name, rate in exact.per_s.items() if name.startswith(begins))
    everything = {ALL_COMMANDS: sum(exact.per_s.values())}
    known = calls_of(exact, members=MEMBERS).load(MEASURED)
    for per_s in (families, everything):
        load = calls_of(Telemetry("", exact.time_s, exact.cpu, per_s, {}), members=MEMBERS).load(MEASURED)
        assert load.rate_rps == pytest.approx(known.rate_rps)
        assert load.request_us == pytest.approx(known.request_us, rel=1e-6)


def loads(per_s: Mapping[str, float], **options) -> tuple[float, float, tuple[str, ...]]:
    rates = {name: np.full(5, rate) for name, rate in per_s.items()}
    calls = calls_of(Telemetry("", np.zeros(5), np.zeros(5), rates, {}), members=MEMBERS, **options)
    load = calls.load(MEASURED)
    return load.rate_rps[0], load.request_us[0], calls.assumed


def test_without_scripts_each_call_is_a_request_and_what_is_unknown_is_said():
    rate, request_us, assumed = loads({"GET": 60.0, "PING": 15.0, "CONFIG|GET": 5.0, "LPUSH": 20.0})
    get_us = MEASURED.cost_table()[Command.GET, :3] @ (1, 1, 0) / 1e3
    walk_us = MEASURED.commands["GET"].depth_us * np.log2(MEMBERS + 1)
    assert rate == 100
    assert request_us == pytest.approx(MEASURED.engine.io_us + 0.8 * (get_us + walk_us), abs=0.01)
    assert any("1 commands without a price, 25.0 % of the calls" in line for line in assumed)


def test_what_the_requests_are_can_be_said_and_replicas_are_fed():
    per_s = {"EVALSHA": 50.0, "ZADD": 50.0, "ZRANK": 50.0}
    assert loads(per_s)[0] == 50
    assert loads(per_s, requests="commands")[0] == 150
    fed_us = loads(per_s, replicas=2)[1] - loads(per_s)[1]
    assert fed_us == pytest.approx(2 * MEASURED.engine.replica_feed_us)
    fed_us = loads(per_s, requests="commands", replicas=1)[1] - loads(per_s, requests="commands")[1]
    assert fed_us == pytest.approx(MEASURED.engine.replica_feed_us * 100 / 150)


def test_a_few_scripts_among_many_commands_do_not_make_all_of_them_calls_of_scripts():
    plain = loads({"GET": 1000.0, "SET": 1000.0})
    mixed = loads({"GET": 1000.0, "SET": 980.0, "EVALSHA": 20.0})
    assert mixed[0] == plain[0] == 2000
    assert mixed[1] == pytest.approx(plain[1], rel=0.1)
    assert any("each call is a request (guessed: 99 calls for each script" in line for line in mixed[2])
    # as many as a join makes can come from scripts, one more cannot
    most = len(calls_by_operation(MEMBERS)["join"])
    assert loads({"EVALSHA": 10.0, "ZADD": 10.0 * most})[0] == 10
    assert loads({"EVALSHA": 10.0, "ZADD": 10.0 * most + 1})[0] == 20 + 10 * most - 9
    assert not any("guessed" in line for line in loads({"EVALSHA": 1.0, "ZADD": 99.0}, requests="scripts")[2])


def test_what_is_assumed_of_the_server_is_said():
    assert {f"people in line: {MEMBERS:,}", "replicas that are fed: 2"} <= {*loads({"GET": 1.0}, replicas=2)[2]}


@settings(max_examples=8, deadline=None)
@given(factor=st.floats(0.3, 3), noise=st.floats(0, 0.1), minutes=st.integers(20, 60), seed=st.integers(0, 2**32))
def test_a_known_factor_is_found(factor, noise, minutes, seed):
    scale = fitted(made(factor, noise, minutes, seed, high_rps=4_000))
    # four standard errors of a mean of logarithms, and what replaying so few requests leaves
    assert abs(np.log(scale.factor.best / factor)) < 4 * noise / np.sqrt(minutes) + 0.01
    # a bootstrap of blocks is somewhat narrow where there are few (Davison and Hinkley 1997, section 8.2)
    reach = 2.5 * (scale.factor.high - scale.factor.low) + 0.01 * factor
    assert scale.factor.low - reach <= factor <= scale.factor.high + reach
    assert scale.dropped == {"gap": 2, "idle": 0, "saturated": 0}


def test_intervals_hold_what_they_promise():
    held = 0
    for seed in range(12):
        factor = fitted(made(1.3, 0.05, 30, seed, high_rps=4_000)).factor
        held += factor.low <= 1.3 <= factor.high
    assert held >= 9  # of 12 at 95 %: fewer come once in 450 sets of seeds, and these are always the same


def test_minutes_of_something_else_do_not_pull():
    telemetry = made(1.5, 0.02, 60, 1)
    cpu = telemetry.cpu.copy()
    cpu[::12] = np.minimum(3 * cpu[::12], 0.98)
    disturbed = Telemetry("made", telemetry.time_s, cpu, telemetry.per_s, {})
    assert fitted(disturbed).factor.best == pytest.approx(1.5, rel=0.04)


def test_a_residual_that_goes_with_the_rate_is_told():
    telemetry = made(1.0, 0.02, 60, 1)
    rate = telemetry.per_s["EVALSHA"]
    assert not fitted(telemetry).doubts
    skewed = telemetry.cpu * (rate / rate.mean()) ** -0.2
    scale = fitted(Telemetry("made", telemetry.time_s, skewed, telemetry.per_s, {}))
    assert scale.trend_percent.best == pytest.approx(100 * 0.2 * np.log(9_000 / 500), rel=0.2)
    assert any("one factor is not enough" in line for line in scale.doubts)
    assert scale.left_out_percent > 5


def test_one_rate_is_fitted_and_told():
    scale = fitted(made(2.0, 0.01, 10, 1, low_rps=1_000, high_rps=1_050))
    assert scale.factor.best == pytest.approx(2.0, rel=0.03)
    assert any("one point" in line for line in scale.doubts)


def test_idle_and_saturated_minutes_are_dropped_and_counted():
    telemetry = made(1.0, 0.01, 12, 1)
    cpu = telemetry.cpu.copy()
    cpu[0], cpu[1] = 0.0, 1.0
    scale = fitted(Telemetry("made", telemetry.time_s, cpu, telemetry.per_s, {}))
    assert scale.dropped == {"idle": 1, "saturated": 1}
    assert scale.rate_rps.size == 10
    cpu[:8] = 1.0
    with pytest.raises(BadInput, match=r"4 minutes to fit to \(8 saturated\); allowed: 5 or more"):
        fitted(Telemetry("made", telemetry.time_s, cpu, telemetry.per_s, {}))


def test_telemetry_of_something_else_is_refused():
    telemetry = made(1.0, 0.0, 10, 1)
    for cpu in (telemetry.cpu / 200, np.full(10, 0.98)):
        slow = {name: rate / (1 if cpu[0] < 0.5 else 100) for name, rate in telemetry.per_s.items()}
        with pytest.raises(BadInput, match="no factor from 1/30 to 30"):
            fitted(Telemetry("made", telemetry.time_s, cpu, slow, {}))
    huge = Telemetry("made", telemetry.time_s, telemetry.cpu, {**telemetry.per_s, "KEYS": np.full(10, 1e8)}, {})
    with pytest.raises(BadInput, match="no factor from 1/30 to 30"):  # busy all the time whatever the factor
        fitted(huge)
    with pytest.raises(BadInput, match="s of work in a request; allowed: 1 s"):
        fit_scale(MEASURED, huge, calls_of(huge, "scripts", MEMBERS))


def test_the_new_profile_is_the_old_one_times_the_factor():
    telemetry = made(1.7, 0.03, 30, 1)
    new = rescale(MEASURED, telemetry, members=MEMBERS, machine="cache.m7g.xlarge, node 1")
    assert parse_profile(profile_json(new).encode(), "new") == new
    assert (new.kind, new.name, new.machine) == ("rescaled", "x86-measured-rescaled", "cache.m7g.xlarge, node 1")
    assert new.date == "2025-10-01"
    factor = new.fit.parameters["factor"].best
    assert factor == pytest.approx(1.7, rel=0.05)
    for name, old in MEASURED.engine:
        assert getattr(new.engine, name) == pytest.approx(old * (factor if name in ENGINE_CPU_TIMES else 1))
    assert new.cost_table() == pytest.approx(MEASURED.cost_table() * factor, abs=1)
    assert new.engine_thread() == pytest.approx(scaled_thread(MEASURED.engine_thread(), factor), abs=1)
    assert sum(case.windows for case in new.fit.cases) == 30
    assert new.precision.reached


@pytest.mark.parametrize(
    "parameters", [(), ("commands.ZADD.*", "commands.*", "commands.ZRANK.call_us"), ("commands.ZRANK.call_us",)]
)
def test_draws_are_rows_of_the_old_profile_times_factors_that_fit_them(parameters):
    """A profile that is half as dear or twice as dear in a row is scaled to the same telemetry, command by command."""
    generator = np.random.default_rng(1)
    rows = tuple(tuple(generator.uniform(0.5, 2, len(parameters)).tolist()) for _ in range(4)) if parameters else ()
    old = MEASURED.model_copy(update={"draws": Draws(parameters=parameters, values=rows)})
    new = rescale(old, made(1.7, 0.01, 20, 1), members=MEMBERS)
    count = len(new.draws.values)
    assert count == (4 if parameters else 100)
    for k in range(min(count, 4)):
        u = (k + 0.5) / count
        times = new.drawn(u).engine.io_us / old.engine.io_us
        assert times == pytest.approx(1.7, rel=0.5)
        before = old.drawn(u)
        assert new.drawn(u).cost_table() == pytest.approx(before.cost_table() * times, rel=0.01, abs=2)
        assert new.drawn(u).engine.wake_cold_us == pytest.approx(before.engine.wake_cold_us * times, rel=1e-3)
        assert new.drawn(u).engine.wake_tau_ms == before.engine.wake_tau_ms


def test_a_row_that_is_dear_as_a_whole_is_not_dear_after_scaling():
    whole = ("engine.wake_warm_us", "engine.wake_cold_us", "engine.io_us", "script_overhead_us", "commands.*")
    engine = MEASURED.engine
    own = (engine.wake_warm_us, engine.wake_cold_us, engine.io_us, MEASURED.script_overhead_us, 1.0)
    rows = tuple(tuple(dear * cost for cost in own) for dear in (0.6, 1.0, 1.6))
    old = MEASURED.model_copy(update={"draws": Draws(parameters=whole, values=rows)})
    new = rescale(old, made(1.2, 0.0, 20, 1), members=MEMBERS)
    for u in (0.1, 0.5, 0.9):
        assert new.drawn(u).engine.wake_warm_us == pytest.approx(1.2 * engine.wake_warm_us, rel=0.03)
        # but for KEYS per key, which a row does not name: that follows the factor of the row
        table = new.drawn(u).cost_table()[:, :PER_KEY]
        assert table == pytest.approx(1.2 * MEASURED.cost_table()[:, :PER_KEY], rel=0.03, abs=2)


def test_a_factor_beyond_what_a_profile_may_hold_is_refused():
    dear = {"KEYS": MEASURED.commands["KEYS"].model_copy(update={"per_key_us": 80.0})}
    old = MEASURED.model_copy(
        update={"commands": {**MEASURED.commands, **dear}, "draws": Draws(parameters=(), values=())}
    )
    with pytest.raises(BadInput, match=r"is beyond what a profile may hold \(commands.KEYS.per_key_us\)"):
        rescale(old, made(2.0, 0.0, 10, 1), members=MEMBERS)
