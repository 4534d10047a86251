"""A robustness table that is made up: one conclusion survives, one is contradicted, one is open."""

from models.judge.robustness import BOTS, HOLDS, JOINS, RATE, Cell, Origin, Robustness, Row

SCENARIO = "onsale-300k"


def origin(scenario_hash: str = "0" * 16, profile_hash: str = "1" * 16, sources: str = "2" * 32) -> Origin:
    return Origin(SCENARIO, scenario_hash, profile_hash, sources, (1, 7, 9), 600.0, "2026-01-01")


JOINED = "one event's 300,000 joins saturate one primary"
KEPT, LOST = "1,000 admissions per second are kept up", "1,000 admissions per second are not reached"


def cells(joins: float, rate: float, kept: str | None, holds: str | None) -> dict[str, Cell]:
    return {
        JOINS: Cell(JOINED, joins, joins + 1, "s", 3),
        HOLDS: Cell(holds, None, None, "", 3),
        RATE: Cell(kept, rate, rate, "people/s", 3),
        BOTS: Cell("bots take more than their share of the seats", 60.0, 100.0, "percent", 3),
    }


def row(setting: str, value: str, found: dict[str, Cell], skipped: str = "") -> Row:
    return Row(setting, value, "about it", "assumption", found, skipped)


DIFFERENT = {**cells(2, 1000, KEPT, "the design holds"), JOINS: Cell("joins over 5 events do not", 0, 1, "s", 1)}
TABLE = Robustness(
    origin(),
    cells(9, 1000, KEPT, "the design does not hold"),
    (
        row("waiting_room.replica_reads", "false", cells(8, 890, LOST, "the design does not hold")),
        row("waiting_room.events", "5", DIFFERENT),
        row("clients.timeout_s", "5", cells(10, 990, None, "the design does not hold")),
        row("admission.burst", "1000", cells(9, 980, KEPT, "the design does not hold")),
        row("redis.profile", "other", {}, "redis.profile: is not known"),
    ),
)
