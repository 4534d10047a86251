import pytest

from models.judge.invoice import cost_finding, invoice_of
from models.judge.verdict import judge
from models.results.cost import LEFT_OUT
from models.scenario import load_scenario
from tests.dashboards.synthetic import ladder_run, onsale_result


def test_the_bill_is_that_of_what_the_run_used() -> None:
    scenario = load_scenario("onsale-300k")
    invoice = invoice_of(onsale_result(scenario), scenario)
    writes = next(item for part in invoice.listed.parts for item in part.items if item.what == "writes")
    assert writes.event == pytest.approx(0.36)
    assert writes.event_usd == pytest.approx(0.36 * 0.625)
    assert [part.name for part in invoice.listed.parts] == [part.name for part in invoice.talk.parts]


def test_without_spot_the_notes_say_what_it_would_cost() -> None:
    scenario = load_scenario("onsale-300k")
    all_spot = load_scenario("onsale-300k", ["cost.spot_percent=100"])
    on_demand = load_scenario("onsale-300k", ["cost.spot_percent=0"])
    plain = invoice_of(onsale_result(on_demand), on_demand).listed
    assert f"${plain.month_usd:,.2f}" in " ".join(invoice_of(onsale_result(scenario), scenario).notes)
    assert invoice_of(onsale_result(all_spot), all_spot).listed.month_usd < plain.month_usd


def test_the_finding_names_the_largest_part_and_what_is_paid_between_events() -> None:
    scenario = load_scenario("onsale-300k", ["cost.events_per_month=1"])
    invoice = invoice_of(onsale_result(scenario), scenario)
    text = cost_finding(invoice, scenario).text
    between = 100 * (invoice.listed.month_usd - invoice.listed.event_usd) / invoice.listed.month_usd
    assert "of it Redis nodes" in text
    assert f"{between:.1f} % of the month is paid between events" in text


def test_a_ladder_has_no_bill() -> None:
    ladder = load_scenario("ladder-index")
    assert judge(ladder_run(ladder), ladder).invoice is None


def test_the_finding_names_the_region_the_deployed_one_beside_it_and_what_is_left_out() -> None:
    here = load_scenario("onsale-300k")
    there = load_scenario("onsale-300k", ["cost.region=ap-northeast-2"])
    bill, home = invoice_of(onsale_result(here), here), invoice_of(onsale_result(there), there)
    assert bill.elsewhere == (("ap-northeast-2", home.listed),)
    assert home.elsewhere == (("us-east-1", bill.listed),)
    text = cost_finding(bill, here).text
    assert "the list prices of us-east-1" in text
    assert f"In ap-northeast-2, where it was deployed, it is ${home.listed.event_usd:.2f}" in text
    assert all(what in text for what in LEFT_OUT)
