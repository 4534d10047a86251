"""The event and its clients: people who arrive, poll, give up and come back, or a generated load."""

from hashlib import sha256
from pathlib import Path

from hypothesis import strategies as st

from tests.strategies.base import Draw, Section, durations, pick

REQUESTS = 5_000
"""Polls, or generated requests, that a scenario makes at most by its own settings; retries come on top."""


@st.composite
def sales(draw: Draw, events: int, duration_s: float, in_steps: bool) -> Section:
    """What is sold: often few seats, so that they run out."""
    per_order = draw(pick([1, 1, 2, 3]))
    return {
        "seats": events * per_order + draw(pick([0, 1, 8, 60, 5000])),
        "opens_at_s": draw(pick([0, 0, 0, 0.25, duration_s * 0.6])),
        "on_sold_out": draw(pick(["keep_line", "announce"])),
        "seats_per_order": per_order,
        "conversion": draw(pick([1.0, 1.0, 1.0, 0.7, 0.0])),
        "choose": draw(durations(in_steps, [0, 0.01, 0.2, 2.0])),
    }


@st.composite
def people(draw: Draw, folder: Path, duration_s: float, in_steps: bool) -> Section:
    """The people of an on-sale."""
    count = draw(pick([1, 2, 3, 17, 90, 300]) | st.integers(1, 2000))
    slowest = max(0.1, count * duration_s / REQUESTS)
    intervals = st.builds(lambda drawn: max(drawn, slowest), pick([0.1, 0.5, 1.0, 5.0]))
    backoff_s = draw(pick([0, 0.005, 0.05, 1]))
    return {
        "count": count,
        "arrival": draw(arrivals(folder, count, duration_s, in_steps)),
        "poll_interval_s": draw(intervals),
        "poll_jitter_fraction": 0 if in_steps else draw(pick([0, 0.1, 1.0])),
        "poll_from": draw(pick(["reply", "schedule"])),
        "poll_advised": draw(st.just([]) | advice(intervals)),
        "timeout_s": draw(pick([0.001, 0.03, 0.1, 1, 30, 30, 30, 30])),
        "retries": draw(pick([0, 1, 3])),
        "backoff_base_s": backoff_s,
        "backoff_max_s": backoff_s * draw(pick([1, 4])),
        "patience": draw(st.none() | durations(in_steps, [0.4, 2.0, 10.0])),
        "leave_share": draw(pick([0, 0.5, 1])),
        "tabs": draw(pick([{1: 1.0}, {1: 0.5, 3: 0.5}, {2: 0.9, 8: 0.1}] if count <= 300 else [{1: 1.0}])),
        "bots": {
            "share": draw(pick([0, 0.2, 1])),
            "reaction_median_s": draw(pick([0, 0.05])),
            "reaction_sigma": 0 if in_steps else draw(pick([0, 0.5])),
            "poll_interval_s": draw(intervals),
            "choose": draw(durations(in_steps, [0, 0.01, 2.0])),
        },
        "hidden": {"share": draw(pick([0, 0, 0.3, 1])), "poll_interval_s": draw(pick([0.1, 2.0, 60]))},
        "refused_wait_s": draw(pick([0, 0.1, 1])) if count <= 3 else draw(intervals),
    }


@st.composite
def advice(draw: Draw, intervals: st.SearchStrategy[float]) -> list[Section]:
    """Poll intervals advised by place in line, the last line perhaps open."""
    last = sorted(draw(st.sets(st.integers(1, 500), min_size=1, max_size=3)))
    lines: list[Section] = [{"up_to_position": position, "interval_s": draw(intervals)} for position in last]
    return lines + draw(st.just([]) | st.builds(lambda interval: [{"interval_s": interval}], intervals))


@st.composite
def arrivals(draw: Draw, folder: Path, count: int, duration_s: float, in_steps: bool) -> Section:
    """A profile of arrivals within the run, mostly; a trace has its times in whole tenths, so that many coincide."""
    profiles = ["rush", "trace"] if in_steps else ["rush", "uniform", "exponential", "weibull", "piecewise", "trace"]
    profile = draw(pick(profiles))
    over_s = draw(pick([0, 0.3, duration_s / 2]))
    if profile == "rush":
        waiting, sigma = draw(pick([1.0, 0.5, 0.0])), 0 if in_steps else draw(pick([0, 0.6]))
        return {
            "profile": "rush",
            "waiting_share": waiting,
            "reaction_median_s": over_s,
            "reaction_sigma": sigma,
            "late_mean_s": 1,
        }
    if profile == "uniform":
        return {"profile": "uniform", "over_s": over_s}
    if profile == "exponential":
        return {"profile": "exponential", "mean_s": over_s}
    if profile == "weibull":
        return {"profile": "weibull", "shape": draw(pick([0.5, 2.0])), "scale_s": over_s}
    if profile == "piecewise":
        return {"profile": "piecewise", "points": [[0, draw(pick([0, 5]))], [over_s + 0.1, 3], [over_s + 0.4, 0]]}
    tenths = draw(st.lists(st.integers(0, int(duration_s * 10)), min_size=1, max_size=20))
    rows = "\n".join(str(tenths[k % len(tenths)] / 10) for k in range(count))
    file = folder / f"{sha256(rows.encode()).hexdigest()[:16]}.csv"
    file.write_text(f"arrival_s\n{rows}\n", encoding="utf-8")
    return {"profile": "trace", "file": str(file)}


@st.composite
def generated(draw: Draw, mode: str, duration_s: float) -> Section:
    """A load of up to three stages, pauses included, on tokens in line; it may end before the run or with it."""
    count = draw(st.integers(1, 2000))
    stages = draw(st.integers(1, 3))
    lasts_s = duration_s / stages * draw(pick([1, 0.6]))
    mix = draw(pick([(0.95, 0.04, 0.01), (0, 1, 0), (0.2, 0.3, 0.5)]))
    load: Section = {"mode": mode, "mix": dict(zip(("status", "join", "enter"), mix, strict=True))}
    load["settle_s"] = draw(pick([0, lasts_s / 2]))
    most = REQUESTS / duration_s
    if mode == "open_loop":
        others = draw(st.lists(pick([0, 3.5, most / 2]), min_size=stages - 1, max_size=stages - 1))
        rates = [draw(pick([most, most, most, 0.01])), *others]
        load["stages"] = [{"rate_rps": rate, "duration_s": lasts_s} for rate in draw(st.permutations(rates))]
    else:
        think_s = draw(pick([0.02, 0.3]))
        users = [int(most * think_s) + 1, *draw(st.lists(pick([0, 1, 20]), min_size=stages - 1, max_size=stages - 1))]
        load |= {"think_s": think_s}
        load["stages"] = [{"users": many, "duration_s": lasts_s} for many in draw(st.permutations(users))]
    return {"count": count, "timeout_s": draw(pick([0.001, 0.03, 0.5, 3, 30])), "load": load}
