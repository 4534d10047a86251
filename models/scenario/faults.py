"""What goes wrong during a run, each at its second: pods and nodes that go, a Redis primary that dies."""

from typing import Annotated, Literal

from pydantic import Field

from models.scenario.base import Section
from models.scenario.pods import DEPLOYED

FAILOVER = "source: AWS database blog, 'Testing automatic failover': about 30 s in all"
ELECTION = "source: Redis, src/cluster_legacy.c: 0.5 s and 0 to 0.5 s until the election, and the votes"


class SpotWave(Section):
    """A wave of spot interruptions: the capacity pool runs dry."""

    kind: Literal["spot_wave"] = Field(description="nodes are interrupted")
    at_s: float = Field(ge=0, le=86_400, description="second of the run at which the notices arrive")
    share_percent: float = Field(50, gt=0, le=100, description="share of the spot nodes, rounded up (assumption)")


class Deploy(Section):
    """A new version is rolled out: every pod is replaced."""

    kind: Literal["deploy"] = Field(description="pods are replaced")
    at_s: float = Field(ge=0, le=86_400, description="second of the run at which it begins")


class RedisFailover(Section):
    """The primary of a shard dies, and a replica takes its place (see `models/redis/failover.py`).

    A shard without a replica gets an empty node instead. What the dead node was, a replica, it does not become again
    within the run: a full synchronisation would cost the new primary a fork, of which no source says how much. The new
    primary is charged for as many replicas as the old one fed. A shard fails once in a run, and none while replicas are
    read.
    """

    kind: Literal["redis_failover"] = Field(description="a Redis primary dies")
    at_s: float = Field(ge=0, le=86_400, description="second of the run at which it dies")
    shard: int | None = Field(
        None, ge=0, le=499, description="whose primary; null = the hot one, whose events have most people (assumption)"
    )
    lost: Literal["process", "host"] = Field(
        "process",
        description="what is lost; process: the host refuses connections at once; host: nothing answers (assumption; "
        "a Redis process that is killed resets its connections)",
    )
    read_timeout_s: float = Field(
        10, ge=0.001, le=3600, description=f"seconds until a pod gives up on a host that is gone ({DEPLOYED})"
    )
    replication_lag_ms: float = Field(
        10,
        ge=0,
        le=600_000,
        description="writes that left the primary so shortly before its death are on no replica (assumption)",
    )
    detection_s: float = Field(
        29, ge=0, le=3600, description=f"seconds until the other nodes take it for dead ({FAILOVER})"
    )
    promotion_s: float = Field(
        1, ge=0, le=3600, description=f"seconds from then until the replica is primary ({ELECTION})"
    )
    topology_refresh_s: float = Field(
        10,
        ge=0,
        le=3600,
        description="each pod learns of it at a moment of its own within so many seconds "
        "(source: go-redis, osscluster.go, reloads a state older than 10 s)",
    )
    replacement_s: float = Field(
        600, ge=0, le=86_400, description="seconds until a shard without replicas has an empty node (assumption)"
    )


Fault = Annotated[SpotWave | Deploy | RedisFailover, Field(discriminator="kind")]
