"""The paired difference of two scenarios: in a terminal, and its words for other faces."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dashboards.options import PAIRS
from dashboards.terminal import grid
from models.judge.ranges import compared_node_notes
from models.judge.wording import plural, with_unit
from models.results.result import Difference
from sim.outcome import FEWEST_PAIRS

if TYPE_CHECKING:
    from models.scenario import Scenario


def comparison_view(a: Scenario, b: Scenario, replications: int, differences: Mapping[str, Difference]) -> Group:
    """Everything `breakwater compare` prints: what differs first, then what shows no difference.

    Too few pairs can tell no difference from chance: then all that is not known to be the same is shown, of one pair
    everything, and how many can.
    """
    found = [item for item in differences.values() if item.detectable]
    same = [item.kpi for item in differences.values() if not item.detectable]
    pairs = f"{plural(replications, 'pair')} of runs on common random numbers"
    parts: list[Text | Padding] = [Text(f"{b.name} against {a.name}, {pairs}", style="bold")]
    parts += [Text(ground, style="dim") for ground in {g: None for item in differences.values() for g in item.rests_on}]
    parts += [Text(f"!  {note}", style="yellow") for note in compared_node_notes(a, b)]
    parts.append(Text())
    if replications < FEWEST_PAIRS:
        few = "One pair: no interval" if replications == 1 else f"Fewer than {FEWEST_PAIRS} pairs"
        parts.append(Text(f"{few}, so no difference can be told from chance. --replications {PAIRS} can."))
        apart = [item for item in differences.values() if item.difference.best or not item.difference.unvaried]
        parts.append(Padding(_table(a, b, apart), (1, 0, 1, 2)))
        found, same = [], [item.kpi for item in differences.values() if item not in apart]
    if found:
        parts += [Text("Detectable differences"), Padding(_table(a, b, found), (0, 0, 1, 2))]
    if same:
        title = "The same" if replications < FEWEST_PAIRS else "No detectable difference"
        parts += [Text(title), Padding(Text(", ".join(same), style="dim"), (0, 0, 0, 2))]
    return Group(*parts)


def _table(a: Scenario, b: Scenario, differences: Iterable[Difference]) -> Table:
    table = grid(
        ("KPI", "left"),
        (a.name, "right"),
        (b.name, "right"),
        ("difference", "right"),
        ("95 % interval", "left"),
    )
    for item in differences:
        table.add_row(
            item.kpi,
            with_unit(item.a.best, item.unit),
            with_unit(item.b.best, item.unit),
            Text(signed(item.difference.best, item.unit), style="bold"),
            Text(interval_of(item), style="dim"),
        )
    return table


def interval_of(item: Difference) -> str:
    """The interval of a difference, `-3.1 s to -1.2 s`."""
    low, high = item.difference.low, item.difference.high
    return "no interval" if low is None or high is None else f"{signed(low, item.unit)} to {signed(high, item.unit)}"


def signed(value: float, unit: str) -> str:
    """A difference with its sign and unit; of per cents it is in points."""
    unit = "points" if unit == "percent" else unit
    return ("+" if value > 0 else "-" if value < 0 else "") + with_unit(abs(value), unit)
