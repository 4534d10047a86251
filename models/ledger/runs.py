"""The runs that claims and central questions are answered from: shipped scenarios, and what is changed in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from models.scenario import Scenario, load_scenario

DERIVED = "redis.profile=m7g-xlarge-derived"
"""The profile of the talk's node that rests on measurements and not on the talk."""
RATES_RPS = (500, 1000, 1500, 2000, 3000)
POLLS_S = (8, 10, 12, 15)
PEOPLE = (50_000, 100_000, 150_000, 200_000)
MORE_PEOPLE = (500_000, 600_000)
SHARDS = (1, 2, 3)
JITTERS = (0.25, 0.5, 1.0)
REACTIONS_S = (0.25, 0.5, 0.75, 1.0, 2.0)
"""Reactions of bots, seconds, from a quick program to slower than people."""
SILENT_TTLS_S = (60, 3600)
"""Heartbeats' time to live; the second is longer than the run, so that nobody is removed."""
WARM_PODS = (3, 10, 20, 30)
WINDOWS = (1_000, 10_000, 100_000)
"""Calls not yet taken up, at most, at 1,000 admissions a second."""
STAGES = {1_000: 0, 5_000: 1, 10_000: 2, 20_000: 3, 30_000: 4}
"""Which stage of the load ladders has which rate while it rises, status requests per second."""
AT_GATEWAY = ("network.client_one_way={median_ms: 0.001}", "network.client_jitter={median_ms: 0.001}")
"""Clients beside the gateway: latencies are then those that the gateway itself shows."""


def stage_kpi(rate_rps: float, figure: str) -> str:
    """Return the name of a figure of the stage with that rate, as evidence has it."""
    return f"stage.{STAGES[round(rate_rps)]}.{figure}"


FEW, MOST = 4, 10
"""Seeds that a race begins with, and that a run gets on whose intervals a verdict hangs."""


@dataclass(frozen=True)
class Run:
    """A scenario with settings, run with at `least` so many seeds, FEW or MOST; each draws its costs from its profile.

    The designs themselves are run with MOST, as is what costs next to nothing.
    """

    scenario: str
    settings: tuple[str, ...] = ()
    least: int = FEW

    def command(self, replications: int = 1, seed: int = 1) -> str:
        """Return what runs it at the command line with so many seeds that follow from *seed*."""
        parts = ["breakwater run", self.scenario, *(f"--set '{text}'" for text in self.settings)]
        parts += [f"--replications {replications}"] * (replications > 1) + [f"--seed {seed}"] * (seed != 1)
        return " ".join(parts)

    def load(self) -> Scenario:
        """Return the scenario."""
        return load_scenario(self.scenario, self.settings)


def rate_settings(rate: int) -> tuple[str, ...]:
    """Return settings of an admission rate: the burst and the window that keep the rate with polls every 5 s."""
    return (
        f"admission.rate_rps={rate}",
        f"admission.burst={5 * rate}",
        f"admission.call_window={max(10_000, 10 * rate)}",
    )


def polls(seconds: float) -> tuple[str, ...]:
    """Return settings of a poll interval, and of windows and lifetimes that keep the rate with it."""
    return (
        f"clients.poll_interval_s={seconds:g}",
        f"clients.bots.poll_interval_s={seconds:g}",
        f"admission.call_window={max(10_000, round(2000 * seconds))}",
        f"waiting_room.heartbeat_ttl_s={max(60, 5 * seconds):g}",
        f"admission.call_ttl_s={max(30, 4 * seconds):g}",
    )


HOT, FIVE, SPREAD = "onsale-300k", "onsale-300k-five", "onsale-300k-spread"
TOLD = "event.on_sold_out=announce"
RUSH = "run.duration_s=180"
"""Long enough for the worst minute, which is soon after the opening; waits of those who come later are not in it."""
MINUTE = "run.duration_s=90"
"""Long enough for the busiest minute of demand."""
DRAWN = "waiting_room.event_tags_drawn=true"
"""Names of events drawn with the seed, so that the luck of how they fall on the shards is in every interval."""
DEPLOY = ("faults=[{kind: deploy, at_s: 30}]", "clients.count=150000", "waiting_room.events=10")
SCALED = "autoscaling={min_pods: 3, max_pods: 30}"
LONG = ("clients.load.stages=[{rate_rps: 30000, duration_s: 240}]", "run.duration_s=240")
"""One stage, in which a queue before an engine thread that takes a tenth less reaches clients' timeout."""
RISING = (
    "clients.load.stages=[{rate_rps: 1000, duration_s: 300}, {rate_rps: 5000, duration_s: 120}, "
    "{rate_rps: 10000, duration_s: 180}, {rate_rps: 20000, duration_s: 240}, {rate_rps: 30000, duration_s: 300}]",
    "run.duration_s=1140",
)
"""The ladder up to its top: what comes after it tells nothing about the stages before."""
DOWN_30 = (
    "clients.load.stages=[{rate_rps: 30000, duration_s: 60}, {rate_rps: 10000, duration_s: 480}]",
    "gateway.pods=30",
    "run.duration_s=540",
)
DOWN = (
    "clients.load.stages=[{rate_rps: 10000, duration_s: 60}, {rate_rps: 1000, duration_s: 900}]",
    "gateway.pods=15",
    "run.duration_s=960",
)
"""Thirty, and fifteen, pods when the load falls: the stage before is too short for the autoscaler to remove any."""
SLOWLY = "autoscaling.down.policies=[{type: Pods, value: 1, period_s: 30}]"
"""What takes ten pods away in the five minutes that are left of ten."""
SILENT = (
    "clients.count=30000",
    "clients.patience={median_s: 20, sigma: 0.5}",
    "clients.leave_share=0",
    "clients.bots.share=0.01",
    "admission.rate_rps=1",
    "admission.burst=10",
    "admission.call_window=10",
    "run.duration_s=600",
)
"""People who all fall silent within minutes, a line so slow that few are called first, and bots, who stay in it."""
EARLY = ("gateway.probes.readiness.initial_delay_s=5", "gateway.probes.readiness.period_s=5")
"""The readiness probe before the fix; a probe that is given says all of itself, so the period of before, too."""

_RUNS = {
    "hot": Run(HOT, least=MOST),
    "hot_derived": Run(HOT, (DERIVED,)),
    "spread": Run(SPREAD, least=MOST),
    "spread_drawn": Run(SPREAD, (DRAWN,), MOST),
    "spread_derived": Run(SPREAD, (DERIVED,)),
    **{f"rate_{rate}": Run(SPREAD, rate_settings(rate)) for rate in RATES_RPS},
    **{f"told_{rate}": Run(SPREAD, (*rate_settings(rate), TOLD), MOST) for rate in RATES_RPS},
    **{f"poll_{poll}": Run(HOT, polls(poll)) for poll in POLLS_S},
    **{f"jitter_{value:g}": Run(SPREAD, (f"clients.poll_jitter_fraction={value:g}", MINUTE)) for value in JITTERS},
    **{
        f"people_{people}": Run(HOT, (f"clients.count={people}",), MOST if people < 150_000 else FEW)
        for people in PEOPLE
    },
    **{f"people_{people}_spread": Run(SPREAD, (f"clients.count={people}", RUSH, DRAWN)) for people in MORE_PEOPLE},
    **{f"window_{calls}": Run(SPREAD, (f"admission.call_window={calls}",)) for calls in WINDOWS},
    **{f"shards_{shards}": Run(SPREAD, (f"redis.shards={shards}", DRAWN)) for shards in SHARDS},
    "five": Run(FIVE, least=MOST),
    "small_burst": Run(HOT, ("admission.burst=1000", MINUTE)),
    "primary_only": Run(HOT, ("waiting_room.replica_reads=false",)),
    "two_replicas": Run(HOT, ("redis.replicas_per_shard=2",)),
    "ladder": Run("ladder-index"),
    "ladder_derived": Run("ladder-index", (DERIVED,)),
    "ladder_gateway": Run("ladder-index", AT_GATEWAY),
    "ladder_keys": Run("ladder-keys"),
    "long_30k": Run("ladder-index", LONG),
    "long_30k_derived": Run("ladder-index", (*LONG, DERIVED)),
    "ladder_scaling": Run("ladder-scaling", RISING),
    "down_from_30": Run("ladder-scaling", DOWN_30),
    "down_from_15": Run("ladder-scaling", DOWN, MOST),
    "down_slowly": Run("ladder-scaling", (*DOWN, SLOWLY), MOST),
    **{f"warm_{pods}": Run(SPREAD, (f"gateway.pods={pods}", SCALED)) for pods in WARM_PODS},
    "prewarmed": Run("prewarmed-30"),
    "pool_100": Run("pool-100"),
    "pool_slots": Run("prewarmed-30", ("gateway.worker_slots=4096", "gateway.backlog=16384")),
    "spot_wave": Run("spot-wave"),
    "deploy_5s": Run("prewarmed-30", (*DEPLOY, *EARLY), MOST),
    "deploy_15s": Run("prewarmed-30", DEPLOY, MOST),
    "counter": Run(SPREAD, (TOLD, "waiting_room.ticket_order=counter"), MOST),
    "clocks_agree": Run(SPREAD, (TOLD, "gateway.clock_skew_ms=0"), MOST),
    **{
        f"bots_{reaction:g}": Run(SPREAD, (TOLD, MINUTE, f"clients.bots.reaction_median_s={reaction:g}"), MOST)
        for reaction in REACTIONS_S
    },
    "told": Run(SPREAD, (TOLD,), MOST),
    **{f"silent_{ttl}": Run(SPREAD, (*SILENT, f"waiting_room.heartbeat_ttl_s={ttl}"), MOST) for ttl in SILENT_TTLS_S},
    "next_100k": Run(SPREAD, ("clients.count=500000", RUSH, DRAWN)),
    "next_100k_one": Run(HOT, ("clients.count=500000", RUSH)),
}
RUNS: Mapping[str, Run] = MappingProxyType(_RUNS)
"""Every run by its name."""
