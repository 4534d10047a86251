"""What is paid for, for how long: the settings behind the cost of an event and of a month."""

from typing import Literal

from pydantic import Field

from models.scenario.base import Section


class Cost(Section):
    """How long everything runs, and what it is bought as. Prices: models/catalogues/prices.yaml, by date and source."""

    region: Literal["us-east-1", "ap-northeast-2"] = Field(
        "us-east-1", description="region of the list prices; those of ap-northeast-2 are weaker (assumption)"
    )
    events_per_month: float = Field(4, ge=0, le=744, description="such events in a month (assumption)")
    warm_up_h: float = Field(
        1, ge=0, le=730, description="hours before the event in which everything runs at full size (assumption)"
    )
    cool_down_h: float = Field(0.5, ge=0, le=730, description="hours after it until that is given back (assumption)")
    pods_between_events: int = Field(
        3, ge=0, le=2000, description="gateway pods kept between events, all if there are fewer (the talk: 3 at 1k RPS)"
    )
    redis_between_events: Literal["keep", "remove"] = Field(
        "keep", description="what happens to the Redis nodes between events (assumption)"
    )
    redis_engine: Literal["redis_oss", "valkey"] = Field(
        "redis_oss", description="what the Redis nodes are billed as (the talk: Redis)"
    )
    node_type: str = Field(
        "m7g.xlarge",
        min_length=1,
        max_length=32,
        description="EC2 type under pods fixed in number and between events, one of models/catalogues/ec2_nodes.yaml "
        "(assumption: ten cost the talk's $1,200 a month)",
    )
    daemons_milli: int = Field(
        150, ge=0, le=100_000, description="millicores the daemons of any EC2 node request (assumption)"
    )
    daemons_mib: int = Field(
        300, ge=0, le=1_000_000, description="MiB the daemons of any EC2 node request (assumption)"
    )
    spot_percent: float = Field(
        70, ge=0, le=100, description="share of those nodes bought as spot, percent (the talk: 7 of 10)"
    )
    answer_bytes: float = Field(
        1000,
        ge=0,
        le=10_000_000,
        description="bytes of an answer to a client, headers included (the talk: 1 KB a status)",
    )
    request_bytes: float = Field(
        800, ge=0, le=10_000_000, description="bytes of a client's request, headers included (assumption)"
    )
    balancer_connections_percent: float = Field(
        100,
        ge=0,
        le=100,
        description="clients that hold a connection of their own at the balancer while they are in line, percent "
        "(assumption: all, as if CloudFront let none share one)",
    )
    backend_pods: int = Field(
        9, ge=0, le=10_000, description="pods of reservation, inventory and payment (assumption: three of each)"
    )
    backend_cpu_request_cores: float = Field(
        0.5, ge=0.01, le=256, description="CPU that each of these requests, cores (assumption)"
    )
    backend_memory_request_mib: int = Field(
        512, ge=1, le=1_048_576, description="memory that each of these requests, MiB (assumption)"
    )
    nat_gateways: int = Field(3, ge=0, le=100, description="NAT gateways (assumption: one in each of three zones)")
    log_bytes_per_request: float = Field(
        400, ge=0, le=1_000_000, description="bytes of log a request leaves behind (assumption: a line of JSON)"
    )
    waf_rules: int = Field(
        3, ge=0, le=1500, description="rules of the web ACL: rate, geo, CAPTCHA (the talk names these three)"
    )
    bot_control: Literal["none", "common", "targeted"] = Field(
        "common", description="managed bot control of the web ACL (the talk: managed; its level is an assumption)"
    )
    operators_access_usd_per_month: float = Field(
        0,
        ge=0,
        le=1_000_000,
        description="Teleport or the like, USD a month; off the way of requests (assumption: left out; the talk has "
        "about $200)",
    )
    captcha_percent: float = Field(
        2, ge=0, le=100, description="people who attempt a CAPTCHA, percent (the talk: under 2 %)"
    )

    def event_hours(self, duration_s: float) -> float:
        """Return the hours an event of that many seconds takes, warm-up and cool-down included."""
        return self.warm_up_h + duration_s / 3600 + self.cool_down_h
