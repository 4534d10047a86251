"""What follows from sourced figures for the mesh, and for all layers of security together: delay, CPU and money."""

from __future__ import annotations

from collections.abc import Callable

from models.catalogues.ec2_nodes import ec2_nodes
from models.catalogues.mesh import mesh_figures
from models.documents.sourced import Number
from models.judge.wording import latency, number
from models.ledger.claims import Claim, ClaimVerdict, claims
from models.ledger.entry import about, at_least, at_most, exactly, in_every_case, weakest
from models.ledger.facts import origin
from models.ledger.flips import bisected, by_case
from models.ledger.sums import PRICE, ROUNDING, STATED, Redone, Sum, known, listed, priced_by
from models.ledger.sums_backend import room_requests
from models.ledger.sums_edge import EDGE
from models.mesh.daemons import falco_cores
from models.mesh.delays import P99, Percentiles, added
from models.mesh.proxies import cores, pair_p99_ms, rps_held
from models.scenario import Scenario
from models.scenario.packing import backend_nodes_needed, nodes_needed
from models.vocabulary.units import HOURS_PER_MONTH
from sim.estimate import Estimate

MESH = "stored runs of mesh-none, mesh-ambient and mesh-sidecar"
TOP_RPS = 30_000.0
"""The highest load of the talk's tests, requests a second."""
CALLS, CLIENTS = "calls to the backend alone", "clients' requests too"
"""What may go through the mesh; the talk does not say."""


def _per_node() -> float:
    """Return the requests a second of the talk's highest load through the ztunnel of one node."""
    return TOP_RPS / nodes_needed(Scenario().gateway.pods, Scenario())


def _cores_used() -> float:
    """Return the cores that the gateway's pods use at that load by the talk's own share."""
    gateway = Scenario().gateway
    return gateway.pods * gateway.cpu_cores * claims()["gateway.cpu_30k"].figure / 100


def _loads() -> dict[str, float]:
    """Return the requests a second through the mesh, by what may go through it."""
    return {CALLS: claims()["admission.wait_rate"].figure, CLIENTS: TOP_RPS}


def _latency(claim: Claim) -> Redone:
    """Check the published shares, and hold what a call gets at p99 against what Istio measured, at the talk's load."""
    figures, p99 = mesh_figures(), claim.number("p99_ms")
    per_node, fits = _per_node(), p99 * claim.figure / 100
    mine, slower = pair_p99_ms(figures.ambient, per_node), _slowest()

    def verdict_at(added_ms: float) -> ClaimVerdict:
        return about(exactly(100 * added_ms / p99), claim.figure, PRICE)

    def verdict_with(rps: float) -> ClaimVerdict:
        return verdict_at(pair_p99_ms(figures.ambient, rps))

    cases = {
        "as fast as Istio's own": verdict_at(mine),
        f"{number(slower)} times as slow, as in its slowest tests": verdict_at(slower * mine),
    }
    sound = about(exactly(_rise(claim, "ambient")), claim.figure, ROUNDING)
    verdict = in_every_case([*cases.values()]) if sound == "confirmed" else "inconsistent"
    what, crowd = "what a call gets at p99, measured", "requests a second through one node's ztunnel"
    flips = (
        *by_case("the machines are", cases),
        *by_case(what, {f"{number(fits)} ms": verdict_at(fits)}),
        *bisected(what, verdict_at, fits, 0.0, 10 * fits, unit=" ms"),
        *bisected(crowd, verdict_with, per_node, _busy_with(fits)),
    )
    sourced = (figures.ambient.pair_p99_ms, figures.sidecar.pair_p99_ms, figures.machines.slowest_p99_ms)
    rest = (STATED, *map(origin, sourced), origin(figures.ambient.cores_per_1000_rps))
    found = Estimate(100 * mine / p99, 100 * mine / p99, 100 * slower * mine / p99, 2)
    return Redone(claim, found, verdict, _slower(claim, mine, per_node), rest, flips, later=MESH)


def _slowest() -> float:
    """Return how many times as long the same proxies took in Istio's slowest tests as in its fastest."""
    machines = mesh_figures().machines
    return machines.slowest_p99_ms.value / machines.fastest_p99_ms.value


def _slower(claim: Claim, mine: float, per_node: float) -> str:
    """Say what the talk's percentages are, what Istio measured, and what delay would make the talk's latencies."""
    figures, p99 = mesh_figures(), claim.number("p99_ms")
    more, sidecars = (claim.number(f"{mode}_p99_ms") - p99 for mode in ("ambient", "sidecar"))
    with_sidecars, middle = figures.sidecar.pair_p99_ms.value, _rise(claim, "ambient", "p50")
    return (
        f"Ambient is +{number(middle)} % at p50 and +{number(_rise(claim, 'ambient'))} % at p99, sidecars "
        f"+{number(_rise(claim, 'sidecar'))} %: the percentages are right. But both ends of a call add "
        f"{number(figures.ambient.pair_p99_ms.value)} ms at p99 in Istio's own tests, and {number(mine)} ms with "
        f"{number(per_node)} requests a second through each node's ztunnel; +{number(more)} ms is "
        f"{number(more / mine)} times that, and sidecars' +{number(sidecars)} ms is "
        f"{number(sidecars / with_sidecars)} times their {number(with_sidecars)} ms. In the slowest of Istio's tests, "
        f"of other versions on other machines, sidecars took {number(_slowest())} times as long as in the fastest: "
        f"with that it is {number(_slowest() * mine)} ms. {_needed(claim)}"
    )


def _busy_with(added_ms: float) -> float:
    """Return the requests a second through a ztunnel with which both ends of a call add so much at p99."""
    figures = mesh_figures().ambient
    return rps_held(figures) * max(0.0, 1 - pair_p99_ms(figures, 0.0) / added_ms)


def _rise(claim: Claim, mode: str, name: str = "p99") -> float:
    return 100 * (claim.number(f"{mode}_{name}_ms") / claim.number(f"{name}_ms") - 1)


def _needed(claim: Claim) -> str:
    """Say what a delay that makes the published latencies would have to be, or that none does."""
    plain, *meshed = (
        Percentiles(claim.number(f"{mode}p50_ms"), claim.number(f"{mode}p99_ms"))
        for mode in ("", "ambient_", "sidecar_")
    )
    try:
        delays = [added(plain, with_mesh) for with_mesh in meshed]
    except ValueError:
        return "No delay of its own, independent of the rest, makes the published latencies."
    text = ", and ".join(f"{latency(delay.median_ms)} and {latency(delay.at(P99))}" for delay in delays)
    return (
        f"A delay of the mesh's own would have a p50 and p99 of {text} with sidecars: so wide a spread is that of a "
        "queue, or of a node that is busy."
    )


def _cpu(claim: Claim) -> Redone:
    """Work out the share of the gateway's CPU that ztunnel takes, by how many requests a second go through it."""
    figures, used = mesh_figures(), _cores_used()
    loads = _loads()

    def share(rps: float) -> Estimate:
        return exactly(100 * cores(figures.ambient, rps) / used)

    def verdict_at(rps: float) -> ClaimVerdict:
        return at_most(share(rps), claim.figure)

    said = "; ".join(
        f"{what} ({number(rps)} RPS): {number(share(rps).best)} % in ambient, "
        f"{number(100 * cores(figures.sidecar, rps) / used)} % with sidecars"
        for what, rps in loads.items()
    )
    fit = [
        claim.figure * used / 100 / cores(figures.ambient, 1.0),
        claim.number("sidecar_percent") * used / 100 / cores(figures.sidecar, 1.0),
    ]
    why = (
        f"Of the {number(used)} cores that {number(Scenario().gateway.pods)} pods use at {number(TOP_RPS)} RPS by the "
        f"talk, {said}. The talk does not say what goes through the mesh; Redis does not. Its two figures are those of "
        f"{number(fit[0])} and {number(fit[1])} requests a second, which is about one load."
    )
    flips = (
        *by_case("what goes through the mesh", {what: verdict_at(rps) for what, rps in loads.items()}),
        *bisected("requests a second through the mesh", verdict_at, min(loads.values()), 1e6),
    )
    low, high = sorted(share(rps).best for rps in loads.values())
    verdict = in_every_case([verdict_at(rps) for rps in loads.values()])
    rest = (STATED, origin(figures.ambient.cores_per_1000_rps), origin(figures.sidecar.cores_per_1000_rps))
    return Redone(claim, Estimate(low, (low + high) / 2, high, 2), verdict, why, rest, flips, later=MESH)


def _total(claim: Claim) -> Redone:
    """Add up CPU, milliseconds and dollars of all layers, by what goes through the mesh and by events in a month."""
    request, common = _edge_prices()
    mine, usual = request.value + common.value, Scenario().cost.events_per_month
    loads, cpu = _loads(), _cpu_of_layers()
    ms = claims()["mesh.latency"].number("ambient_p99_ms") - claims()["mesh.latency"].number("p99_ms")

    def verdict_at(rps: float, per_million: float, events: float) -> ClaimVerdict:
        usd = exactly(_month_usd(claim, per_million, events))
        layers = [at_most(exactly(cpu(rps)), claim.figure), at_most(exactly(ms), claim.number("ms"))]
        bounds = claim.number("least_usd"), claim.number("most_usd")
        return weakest([*layers, at_least(usd, bounds[0]), at_most(usd, bounds[1])])

    calls = loads[CALLS]
    cases = {f"{what}, one event a month": verdict_at(rps, mine, 1.0) for what, rps in loads.items()}
    cases[f"{CALLS}, {number(usual)} events a month"] = verdict_at(calls, mine, usual)
    flips = (
        *by_case("what goes through the mesh, and events", cases),
        *bisected("events in a month", lambda events: verdict_at(calls, mine, events), 1.0, 0.0, 30.0),
        *bisected("requests a second through the mesh", lambda rps: verdict_at(rps, mine, 1.0), calls, TOP_RPS),
        *bisected("a million requests at the edge, $", lambda usd: verdict_at(calls, usd, 1.0), mine, 10 * mine),
    )
    figures = mesh_figures()
    sourced = (figures.ambient.cores_per_1000_rps, figures.falco.cpu_us_per_event)
    assumed = "assumption: cost.events_per_month, mesh.syscalls_per_request"
    rest = (STATED, priced_by(request), *map(origin, sourced), assumed)
    shares = [cpu(rps) for rps in loads.values()]
    found = Estimate(min(shares), sum(shares) / 2, max(shares), 2)
    way = f"Latency: {number(ms)} ms at p99 of the mesh by the talk; operators' access is not on the way."
    why = f"{_work(shares)} {way} {_money(claim, mine, usual)}"
    return Redone(claim, found, in_every_case([*cases.values()]), why, rest, flips, later=f"{EDGE}; {MESH}")


def _cpu_of_layers() -> Callable[[float], float]:
    """Return the CPU of ztunnels and Falco, percent of the gateway's, by requests a second through the mesh."""
    figures, used = mesh_figures(), _cores_used()
    watch = falco_cores(figures.falco, _watched())
    return lambda rps: 100 * (cores(figures.ambient, rps) + watch) / used


def _watched() -> float:
    """Return the system calls a second that Falco sees at the talk's highest load."""
    return TOP_RPS * Scenario().mesh.syscalls_per_request


def _work(shares: list[float]) -> str:
    """Say what CPU the layers take: *shares* in percent, by what goes through the mesh."""
    figures, used = mesh_figures(), _cores_used()
    watching = 100 * falco_cores(figures.falco, _watched()) / used
    return (
        f"CPU: Falco watches {number(_watched())} system calls a second for {number(watching)} % of the "
        f"{number(used)} cores used; with the mesh it is {number(shares[0])} % if {CALLS} go through it and "
        f"{number(shares[1])} % if {CLIENTS} do."
    )


def _money(claim: Claim, mine: float, usual: float) -> str:
    """Say what a month costs with *mine* dollars a million requests at the edge and *usual* events, and otherwise."""
    talk_usd, operators = claims()["waf.price"].figure, claim.number("teleport_usd")
    return (
        f"Money: ${number(_month_usd(claim, mine, 1.0))} with one event of {number(room_requests() / 1e6)} million "
        f"requests a month, ${number(_month_usd(claim, mine, usual))} with {number(usual)}, "
        f"${number(_month_usd(claim, talk_usd, usual))} at the ${number(talk_usd)} a million that the talk itself has "
        f"for the WAF; ${number(operators)} of it are Teleport, ${number(_room_usd())} the room that "
        "ztunnel and Falco ask for on the nodes that stay."
    )


def _month_usd(claim: Claim, per_million: float, events: float) -> float:
    """Return what all layers cost in a month with so many events."""
    return claim.number("teleport_usd") + _fees() + _room_usd() + events * _event_usd(per_million)


def _edge_prices() -> tuple[Number, Number]:
    """Return the list prices of a million requests in the WAF and in common bot control."""
    prices = listed().prices
    return known(prices.waf_usd_per_million_requests), known(prices.bot_control_common_usd_per_million_requests)


def _fees() -> float:
    """Return what the web ACL, its rules and bot control cost a month without any request."""
    prices = listed().prices
    rules = Scenario().cost.waf_rules * known(prices.waf_rule_usd_per_month).value
    return rules + known(prices.waf_acl_usd_per_month).value + known(prices.bot_control_usd_per_month).value


def _event_usd(per_million: float) -> float:
    """Return what an event costs at the edge: its requests, and the CAPTCHAs that people attempt."""
    people = claims()["demand.status_rps"].number("clients") * Scenario().cost.captcha_percent / 100
    captcha = people / 1000 * known(listed().prices.captcha_usd_per_thousand_attempts).value
    return captcha + room_requests() / 1e6 * per_million


def _room_usd() -> float:
    """Return what a month of the room costs that a ztunnel and Falco ask for on the nodes that stay between events."""
    scenario, figures, prices = Scenario(), mesh_figures(), listed()
    cost = scenario.cost
    node, spot = ec2_nodes()[cost.node_type], cost.spot_percent / 100
    asked = (figures.ambient, figures.falco)
    milli, mib = sum(one.request_milli.value for one in asked), sum(one.request_mib.value for one in asked)
    share = max(milli / node.allocatable_milli, mib / node.allocatable_mib)
    full, cheap = known(prices.node_usd_per_h(cost.node_type)), known(prices.spot_node_usd_per_h(cost.node_type))
    hourly = (1 - spot) * full.value + spot * cheap.value
    return (
        share
        * hourly
        * HOURS_PER_MONTH
        * (nodes_needed(cost.pods_between_events, scenario) + backend_nodes_needed(scenario))
    )


SUMS = {"mesh.latency": Sum(_latency), "mesh.cpu": Sum(_cpu), "security.total": Sum(_total)}
