"""The catalogue of instance types holds together."""

from models.catalogues.ec2_nodes import ec2_nodes


def test_a_type_of_twice_the_size_costs_twice_as_much_and_holds_more():
    types = ec2_nodes()
    for name, kind in types.items():
        larger = types.get(name.replace(".xlarge", ".2xlarge").replace(".large", ".xlarge"))
        if larger is not None and larger is not kind:
            assert larger.vcpu == 2 * kind.vcpu
            assert larger.memory_gib == 2 * kind.memory_gib
            assert abs(larger.on_demand_usd / kind.on_demand_usd - 2) < 0.001
            assert larger.allocatable_milli > 2 * kind.allocatable_milli
            assert larger.allocatable_mib > kind.allocatable_mib


def test_what_is_kept_from_pods_is_less_than_there_is_and_spot_is_cheaper():
    for kind in ec2_nodes().values():
        assert 0 < kind.allocatable_milli < 1000 * kind.vcpu
        assert 0 < kind.allocatable_mib < 1024 * kind.memory_gib
        assert kind.spot_usd is None or kind.spot_usd < kind.on_demand_usd


def test_graviton_is_15_percent_below_m5_and_19_below_m7i():
    """The published difference is of the on-demand price list; the talk rounds it to 20 %."""
    types = ec2_nodes()
    price = types["m7g.large"].on_demand_usd
    assert round(100 * (1 - price / types["m5.large"].on_demand_usd)) == 15
    assert round(100 * (1 - price / types["m7i.large"].on_demand_usd)) == 19
