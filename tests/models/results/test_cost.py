"""The bill against sums done by hand from the published prices, and against what any bill must obey."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.catalogues.prices import list_prices, talk_prices
from models.results.cost import PARTS, CostBreakdown, NodeHours, Usage, cost_of, left_out
from models.results.usage import lcu_hours
from models.scenario import Scenario, load_scenario
from models.scenario.packing import nodes_needed, pods_per_node
from sim.errors import BadInput

NOTHING = Usage(0, 0, 0, 0, 0, 0)
LIST = list_prices("us-east-1")
TALK = talk_prices()
ONE_HOUR = ("run.duration_s=1800", "cost.warm_up_h=0.5", "cost.cool_down_h=0")


def scenario(*changes: str, name: str = "onsale-300k") -> Scenario:
    return load_scenario(name, changes)


def usd(bill: CostBreakdown, part: str) -> tuple[float | None, float | None]:
    found = next(item for item in bill.parts if item.name == part)
    return found.event_usd, found.month_usd


usages = st.builds(Usage, *[st.floats(0, 1e9)] * 6)


def test_ten_nodes_for_a_month_are_1191_dollars_and_the_talks_1200() -> None:
    # 50 pods of 700m: 5 to an m7g.xlarge (3,920m for pods); 10 x 0.1632 x 730 = 1,191.36
    fleet = scenario("gateway.pods=50", "cost.pods_between_events=50", "cost.spot_percent=0")
    assert usd(cost_of(fleet, NOTHING, LIST), "gateway")[1] == pytest.approx(1191.36)
    assert usd(cost_of(fleet, NOTHING, TALK), "gateway")[1] == pytest.approx(1200)


def test_the_talks_seven_of_ten_on_spot_come_to_612_not_360() -> None:
    # 3 x 120 + 7 x 120 x 0.3 = 360 + 252 = 612; the talk says 360, which is the three on-demand nodes alone
    fleet = scenario("gateway.pods=50", "cost.pods_between_events=50", "cost.spot_percent=70")
    assert usd(cost_of(fleet, NOTHING, TALK), "gateway")[1] == pytest.approx(612)
    # at list prices: 10 x 730 x (0.3 x 0.1632 + 0.7 x 0.0932)
    assert usd(cost_of(fleet, NOTHING, LIST), "gateway")[1] == pytest.approx(833.66, abs=0.01)


def test_the_talks_cluster_costs_2300_dollars_a_month_and_3_dollars_15_an_hour() -> None:
    # 5 x 2 m7g.xlarge at 0.315: 3.15 an hour, 2,299.50 for 730; Valkey is 0.8 of it
    design = scenario(*ONE_HOUR)
    assert usd(cost_of(design, NOTHING, LIST), "redis") == pytest.approx((3.15, 2299.50))
    valkey = scenario(*ONE_HOUR, "cost.redis_engine=valkey")
    assert usd(cost_of(valkey, NOTHING, LIST), "redis") == pytest.approx((0.8 * 3.15, 0.8 * 2299.50))
    removed = scenario(*ONE_HOUR, "cost.redis_between_events=remove", "cost.events_per_month=4")
    assert usd(cost_of(removed, NOTHING, LIST), "redis")[1] == pytest.approx(4 * 3.15)


def test_the_talks_writes_are_2_dollars_25_at_its_price_and_half_since_november_2024() -> None:
    used = Usage(requests=0, dynamodb_writes=1.8e6, dynamodb_reads=4e6, egress_gb=0, cross_zone_gb=0, balancer_lcu_h=0)
    talk = next(part for part in cost_of(scenario(), used, TALK).parts if part.name == "dynamodb")
    assert talk.event_usd == pytest.approx(2.25)
    assert talk.unpriced == ("reads",)
    assert usd(cost_of(scenario(), used, LIST), "dynamodb")[0] == pytest.approx(1.125 + 0.5)


def test_the_edge_of_the_design_by_hand() -> None:
    # 10 M requests: CloudFront 1,000 x 0.01 = 10; 10 GB x 0.085 = 0.85; WAF 10 x 0.60 = 6, bot control 10 x 1 = 10;
    # 6,000 CAPTCHA attempts x 0.40 / 1,000 = 2.40; a month of ACL, three rules and bot control is 5 + 3 + 10
    used = Usage(requests=10e6, dynamodb_writes=0, dynamodb_reads=0, egress_gb=10, cross_zone_gb=0, balancer_lcu_h=0)
    event, month = usd(cost_of(scenario(*ONE_HOUR, "cost.events_per_month=2"), used, LIST), "edge")
    assert event == pytest.approx(10 + 0.85 + 6 + 10 + 2.40 + 18 / 730)
    assert month == pytest.approx(2 * 29.25 + 18)
    targeted, _ = usd(cost_of(scenario(*ONE_HOUR, "cost.bot_control=targeted"), used, LIST), "edge")
    assert targeted == pytest.approx(10 + 0.85 + 6 + 100 + 18 / 730)  # CAPTCHA is included
    none, _ = usd(cost_of(scenario(*ONE_HOUR, "cost.bot_control=none"), used, LIST), "edge")
    assert none == pytest.approx(10 + 0.85 + 6 + 2.40 + 8 / 730)


def test_what_stands_behind_and_beside_the_gateway_by_hand() -> None:
    # 9 pods of half a core: 7 to an m7g.xlarge (3,770 // 500), so two nodes, which stay: 2 x 730 x 0.1632 on demand.
    # A balancer is 0.0225 x 730 and 0.008 a unit; three NAT gateways 3 x 0.045 x 730; 10 M lines of 400 bytes are 4 GB
    used = Usage(10e6, dynamodb_writes=0, dynamodb_reads=0, egress_gb=0, cross_zone_gb=0, balancer_lcu_h=50)
    bill = cost_of(scenario(*ONE_HOUR, "cost.events_per_month=2", "cost.spot_percent=0"), used, LIST)
    assert usd(bill, "backend") == pytest.approx((2 * 0.1632, 2 * 730 * 0.1632))
    assert usd(bill, "balancer") == pytest.approx((0.0225 + 0.4, 730 * 0.0225 + 0.8))
    assert usd(bill, "nat") == pytest.approx((3 * 0.045, 3 * 730 * 0.045))
    assert usd(bill, "logs") == pytest.approx((2.0, 4.0))
    none = cost_of(scenario("cost.backend_pods=0", "cost.nat_gateways=0"), used, LIST)
    assert usd(none, "nat") == (0, 0)
    assert usd(none, "backend") == (0, 0)


def test_a_balancer_is_billed_by_what_is_used_most_of_it() -> None:
    # 300,000 people who stay for a quarter of an hour: 100 units x 0.25 h; their arrival alone is 300,000 / 90,000
    assert lcu_hours(300_000, 300_000 * 900, 9) == pytest.approx(25)
    assert lcu_hours(300_000, 0, 3) == pytest.approx(10 / 3)
    assert lcu_hours(300_000, 0, 9) == 9


@given(st.floats(0, 1e7), st.floats(0, 1e10), st.floats(0, 1e5))
def test_more_of_anything_takes_no_fewer_units(connections: float, open_s: float, gigabytes: float) -> None:
    units = lcu_hours(connections, open_s, gigabytes)
    assert lcu_hours(2 * connections, open_s, gigabytes) >= units
    assert lcu_hours(connections, 2 * open_s, gigabytes) >= units
    assert lcu_hours(connections, open_s, 2 * gigabytes) >= units


def test_the_control_plane_and_the_traffic_between_zones_by_hand() -> None:
    used = Usage(requests=0, dynamodb_writes=0, dynamodb_reads=0, egress_gb=0, cross_zone_gb=250, balancer_lcu_h=0)
    bill = cost_of(scenario(*ONE_HOUR), used, LIST)
    assert usd(bill, "eks") == pytest.approx((0.10, 73.0))
    assert usd(bill, "transfer")[0] == pytest.approx(2.50)


def test_what_the_talk_does_not_price_is_not_counted_as_nothing() -> None:
    used = Usage(requests=1e6, dynamodb_writes=1e6, dynamodb_reads=0, egress_gb=1, cross_zone_gb=1, balancer_lcu_h=0)
    bill = cost_of(scenario(), used, TALK)
    assert usd(bill, "redis") == (None, None)
    assert usd(bill, "eks") == (None, None)
    assert not bill.complete
    assert cost_of(scenario(), used, LIST).complete
    assert usd(bill, "edge")[0] == pytest.approx(5)
    # nobody reads, so a missing price for reads is no gap
    assert next(part for part in bill.parts if part.name == "dynamodb").unpriced == ()


def test_pods_are_packed_by_what_runs_out_first() -> None:
    # m7g.xlarge: 4,000m less 80m for the kubelet and 150m of daemons; 16 GiB less 7.5 %, 255 + 11 x 58 + 100 MiB for
    # the kubelet and 300 of daemons
    assert pods_per_node(scenario()) == 5  # 3,770 // 700
    assert pods_per_node(scenario("gateway.cpu_request_cores=0.01", "gateway.memory_request_mib=512")) == 27
    assert pods_per_node(scenario("gateway.cpu_request_cores=0.01", "gateway.memory_request_mib=16")) == 58
    assert [nodes_needed(pods, scenario()) for pods in (0, 1, 5, 6, 30)] == [0, 1, 1, 2, 6]


@given(st.integers(0, 2000), st.floats(0.05, 3.5), st.integers(16, 8000))
@settings(max_examples=60, deadline=None)
def test_nodes_hold_all_pods_and_one_less_would_not(pods: int, cores: float, mib: int) -> None:
    packed = scenario(f"gateway.cpu_request_cores={cores}", f"gateway.memory_request_mib={mib}")
    nodes, each = nodes_needed(pods, packed), pods_per_node(packed)
    assert nodes * each >= pods > (nodes - 1) * each or pods == nodes == 0


@given(usages, st.sampled_from(["us-east-1", "ap-northeast-2"]), st.booleans())
@settings(max_examples=60, deadline=None)
def test_the_parts_sum_to_the_whole_and_none_is_negative(used: Usage, region: str, talk: bool) -> None:
    bill = cost_of(scenario("cost.operators_access_usd_per_month=9"), used, TALK if talk else list_prices(region))
    assert [part.name for part in bill.parts] == list(PARTS)
    assert bill.event_usd == pytest.approx(sum(part.event_usd or 0 for part in bill.parts))
    assert bill.month_usd == pytest.approx(sum(part.month_usd or 0 for part in bill.parts))
    for part in bill.parts:
        for whole, lines in (
            (part.event_usd, [item.event_usd for item in part.items]),
            (part.month_usd, [item.month_usd for item in part.items]),
        ):
            known = [line for line in lines if line is not None]
            assert whole is None or (whole >= 0 and whole == pytest.approx(math.fsum(known)))
            assert (whole is None) == (not known)


@given(st.floats(0, 100))
@settings(max_examples=40, deadline=None)
def test_a_spot_share_saves_its_share_of_the_discount(percent: float) -> None:
    share = percent / 100
    full = usd(cost_of(scenario("cost.spot_percent=0"), NOTHING, TALK), "gateway")
    mixed = usd(cost_of(scenario(f"cost.spot_percent={percent}"), NOTHING, TALK), "gateway")
    for whole, saved in zip(full, mixed, strict=True):
        assert saved == pytest.approx(whole * ((1 - share) + share * (1 - 0.7)))


@given(st.floats(0, 20), st.floats(0, 20))
@settings(max_examples=40, deadline=None)
def test_what_runs_by_the_hour_is_linear_in_the_hours(first: float, second: float) -> None:
    def standing(hours: float) -> list[float]:
        changes = (f"cost.warm_up_h={hours}", "cost.cool_down_h=0", "cost.events_per_month=1")
        bill = cost_of(scenario(*changes), NOTHING, LIST)
        return [usd(bill, part)[0] or 0 for part in ("gateway", "redis", "eks")]

    sums = [a + b - zero for a, b, zero in zip(standing(first), standing(second), standing(0), strict=True)]
    assert standing(first + second) == pytest.approx(sums)


@given(st.integers(1, 250), st.integers(0, 5))
@settings(max_examples=40, deadline=None)
def test_twice_the_shards_cost_twice_as_much_and_change_nothing_else(shards: int, replicas: int) -> None:
    def bill(count: int) -> CostBreakdown:
        changes = (f"redis.shards={count}", f"redis.replicas_per_shard={replicas}")
        return cost_of(scenario(*changes), NOTHING, LIST)

    one, two = bill(shards), bill(2 * shards)
    assert usd(two, "redis") == pytest.approx([2 * (value or 0) for value in usd(one, "redis")])
    assert [part for part in one.parts if part.name != "redis"] == [part for part in two.parts if part.name != "redis"]


@given(usages, st.floats(0, 200))
@settings(max_examples=40, deadline=None)
def test_a_month_without_events_costs_what_stands_and_each_event_adds_the_same(used: Usage, events: float) -> None:
    def month(count: float) -> float:
        return cost_of(scenario(f"cost.events_per_month={count}", "cost.warm_up_h=1"), used, LIST).month_usd

    assert month(events) - month(0) == pytest.approx(events * (month(1) - month(0)), rel=1e-6, abs=1e-6)
    assert month(0) == pytest.approx(cost_of(scenario("cost.events_per_month=0"), NOTHING, LIST).month_usd)


def test_nodes_that_autoscaling_bought_are_billed_by_type_and_as_they_were_bought() -> None:
    # 10 h of c7g.large at 0.0725 and 20 h of m7g.xlarge spot at 0.0932; all on demand 0.725 + 20 x 0.1632
    bought = (NodeHours("c7g.large", "on_demand", 10.0), NodeHours("m7g.xlarge", "spot", 20.0))
    used = Usage(0, 0, 0, 0, 0, 0, bought)
    event, month = usd(cost_of(scenario("cost.events_per_month=3"), used, LIST), "gateway")
    assert event == pytest.approx(0.725 + 1.864)
    stays = usd(cost_of(scenario("cost.events_per_month=3"), Usage(0, 0, 0, 0, 0, 0, ()), LIST), "gateway")[1]
    assert month == pytest.approx(3 * event + stays)
    assert usd(cost_of(scenario(), used, LIST, spot=False), "gateway")[0] == pytest.approx(0.725 + 20 * 0.1632)


def test_usage_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="egress_gb"):
        Usage(1, 1, 1, -1, 1, 1)
    with pytest.raises(ValueError, match=r"c7g\.large spot"):
        Usage(1, 1, 1, 1, 1, 1, (NodeHours("c7g.large", "spot", -1.0),))
    with pytest.raises(ValueError, match="requests"):
        Usage(float("nan"), 1, 1, 1, 1, 1)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            "cost.events_per_month=400",
            "cost.events_per_month: 400 is not allowed; must be at most 365, as one takes 2 h",
        ),
        ("cost.spot_percent=130", "cost.spot_percent: 130 is not allowed; must be a number from 0 to 100"),
        ("cost.node_type=m7g.xlarg", "did you mean m7g.xlarge?"),
        ("gateway.cpu_request_cores=16", "does not hold one pod that requests 16 cores and 512 MiB"),
        ("cost.backend_memory_request_mib=65536", "does not hold one pod of the backend, which requests 0.5 cores"),
        (
            "redis.node_type=cache.m8g.xlarge",
            "cost.redis_engine: redis_oss is not allowed; cache.m8g.xlarge comes with",
        ),
        ("cost.region=mars", "cost.region: 'mars' is not allowed; must be one of us-east-1, ap-northeast-2"),
    ],
)
def test_what_cannot_be_bought_is_refused_in_one_line(change: str, says: str) -> None:
    with pytest.raises(BadInput) as caught:
        scenario(change)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_operators_access_is_on_the_bill_where_its_price_is_said() -> None:
    """The talk: Teleport at about $200 a month; an event's share of it is by hours."""
    quoted, without = scenario("cost.operators_access_usd_per_month=200"), scenario()
    bill, plain = cost_of(quoted, NOTHING, LIST), cost_of(without, NOTHING, LIST)
    assert bill.month_usd - plain.month_usd == pytest.approx(200)
    assert bill.event_usd - plain.event_usd == pytest.approx(200 * quoted.cost.event_hours(quoted.run.duration_s) / 730)
    assert [part.name for part in plain.parts] == [part.name for part in bill.parts if part.name != "operators"]
    assert "payment" in left_out(quoted)
    assert "payment and operators' access" in left_out(without)


def test_sidecars_take_nodes_and_so_money() -> None:
    """Eight nodes for thirty pods instead of six (see the packing), of the gateway's hours of an event."""
    plain, sidecar = (
        usd(cost_of(scenario(f"mesh.mode={mode}"), NOTHING, LIST), "gateway") for mode in ("none", "sidecar")
    )
    assert sidecar[0] / plain[0] == pytest.approx(8 / 6)


def test_what_an_edge_has_is_what_is_billed():
    """Two rules beside bot control, $1 each a month, and 50,000 CAPTCHAs at $0.40 a thousand, in four events."""
    acl = "edge={web_acl: [{limit: 100, action: captcha}, {kind: geo}, {kind: bot_control}]}"
    used = Usage(0, 0, 0, 0, 0, 0, captchas=50_000)
    without = scenario("cost.waf_rules=9", "cost.captcha_percent=100", "cost.bot_control=none")
    edged = scenario("cost.waf_rules=9", "cost.captcha_percent=100", "cost.bot_control=none", acl)
    month, plain = (usd(cost_of(each, used, LIST), "edge")[1] for each in (edged, without))
    captchas = (4 * 50_000 - 4 * edged.clients.count) / 1000 * 0.40
    bot_control = LIST.prices.bot_control_usd_per_month.value
    rules = (2 - 9) * LIST.prices.waf_rule_usd_per_month.value
    assert month - plain == pytest.approx(captchas + bot_control + rules)
