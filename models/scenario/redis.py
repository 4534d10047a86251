"""The section `redis`: the nodes, and what work costs on them."""

from pydantic import Field

from models.scenario.base import Section


class Redis(Section):
    """The cluster behind the waiting room."""

    shards: int = Field(5, ge=1, le=500, description="shards, each a primary with replicas (the talk)")
    replicas_per_shard: int = Field(1, ge=0, le=5, description="replicas of each primary (the talk)")
    node_type: str = Field(
        "cache.m7g.xlarge",
        min_length=1,
        max_length=64,
        description="ElastiCache node type, one of models/catalogues/redis_nodes.yaml (the talk)",
    )
    profile: str = Field(
        "talk-m7g",
        min_length=1,
        max_length=4096,
        description="command costs: a name in models/profiles, or a .json file of one's own, relative to the "
        "scenario file (the talk's points, fitted)",
    )
    profile_reading: str | None = Field(
        None,
        min_length=1,
        max_length=64,
        description="how to understand what the profile was fitted to, by the name it has there: talk-m7g knows "
        "one_primary, primary_and_replica, five_primaries; null = the one whose costs it has (assumption)",
    )
    bytes_per_place: float = Field(
        1500,
        ge=0,
        le=100_000_000,
        description="memory of one place in line, index included, bytes (the talk: 300 MB + 150 MB for 300,000 people)",
    )
    reserved_memory_percent: float = Field(
        25,
        ge=0,
        le=99,
        description="memory kept free for replication and snapshots, percent (source: AWS ElastiCache user guide)",
    )
    max_clients: int = Field(
        65_000,
        ge=1,
        le=1_000_000,
        description="connections a node accepts, further ones are refused; a Redis of one's own: 10,000 unless its "
        "maxclients says otherwise (source: AWS ElastiCache user guide, best practices for connections)",
    )
    request_bytes: float = Field(200, ge=0, le=1_000_000, description="bytes of a request to a node (assumption)")
    reply_bytes: float = Field(
        1000, ge=0, le=1_000_000, description="bytes of a node's reply to one request (the talk: 1 KB a status)"
    )
    replicated_bytes: float = Field(
        100, ge=0, le=1_000_000, description="bytes a primary sends each replica for one request (assumption)"
    )
    network_baseline_gbps: float | None = Field(
        None,
        ge=0.001,
        le=1000,
        description="network bandwidth of a node without credits, Gbps; null = that of its type, no limit where it is "
        "not known (source: models/catalogues/redis_nodes.yaml)",
    )
    network_burst_gbps: float | None = Field(
        None,
        ge=0.001,
        le=1000,
        description="network bandwidth of a node with credits, Gbps, at least the baseline; null = that of its type "
        "(source: models/catalogues/redis_nodes.yaml)",
    )
    network_credit_s: float = Field(
        300,
        ge=0,
        le=86_400,
        description="seconds of the burst bandwidth that a node's credits last, full at the start (source: Amazon EC2 "
        "user guide, instance network bandwidth: 5 to 60 min; of ElastiCache nodes not published)",
    )

    @property
    def profile_file(self) -> str | None:
        """Return the path of the profile if it is a file of the user's own."""
        return self.profile if self.profile.endswith(".json") else None
