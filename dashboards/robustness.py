"""What a verdict hangs on: made, stored, and shown on every face."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from dashboards.page import card, folded, table
from dashboards.terminal import bullets, grid
from models.judge.robustness import HOLDS
from models.judge.wording import number
from models.robustness.words import cell_text, conditions, scope_text, survivors, value_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.judge.robustness import Cell, Robustness, Row
    from models.scenario import Scenario

NONE_SURVIVES = "No conclusion survives every variation."
TITLE = "What survives the assumptions, and what hangs on them"


def robustness_for(scenario: Scenario, seed: int = 1) -> Robustness:
    """Return the table of any scenario, on worker processes; replications made before are found again.

    BadInput for a scenario that is no on-sale.
    """
    from dashboards.progress import ProgressLine
    from models.experiments.warm_up import prepare
    from models.robustness.vary import robustness_of
    from sim.compile_cache import cache_home
    from sim.workers import Workers, processes_for

    with ProgressLine() as progress, Workers(processes_for(64)) as crew:
        prepare("kernel", progress)
        return robustness_of(scenario, crew, Path(cache_home()) / "robustness", progress, seed)


def renew(names: Sequence[str] = ()) -> list[Path]:
    """Make the tables of shipped scenarios anew, all of them by default, and store them; return their files.

    BadInput if they cannot be written.
    """
    from models.robustness.stored import SHIPPED, write
    from models.scenario import load_scenario
    from sim.errors import BadInput

    try:
        return [write(robustness_for(load_scenario(name))) for name in names or SHIPPED]
    except OSError as error:
        raise BadInput(f"--robust: the tables cannot be written: {error.strerror}") from None


def robustness_view(found: Robustness) -> Group:
    """What survives, what does not and why, and the rows that change something."""
    parts: list[RenderableType] = [Text(f"{_sentence(text)}.") for text in survivors(found)] or [Text(NONE_SURVIVES)]
    parts += [Text(), bullets(conditions(found)), Text()]
    keys = [key for key in found.base if not found.survives(key)]
    rows = [row for row in found.varied if any(row in found.against(key) for key in keys)]
    if rows:
        changed = grid(("with", "left"), ("runs", "right"), ("then", "left"))
        for row in rows:
            texts = [_changed(found.base[key], row.cells[key]) for key in keys if row in found.against(key)]
            changed.add_row(Text(value_words(row), style="bold"), number(row.n), Text("; ".join(texts)))
        parts.append(Padding(changed, (0, 0, 1, 0)))
    return Group(*parts, Text(scope_text(found), style="dim"))


def robustness_html(found: Robustness) -> str:
    """The same as a part of a page, with every row that was run folded away."""
    kept = "".join(f"<li>{escape(_sentence(text))}.</li>" for text in survivors(found)) or f"<li>{NONE_SURVIVES}</li>"
    hangs = "".join(f"<li>{escape(text)}</li>" for text in conditions(found))
    parts = [f"<p>Survives every variation:</p><ul>{kept}</ul>"]
    if hangs:
        parts.append(f"<p>Hangs on an assumption, or on the draw of the costs:</p><ul>{hangs}</ul>")
    parts += [folded("Every variation", _all_rows(found)), f'<p class="dim">{escape(scope_text(found))}</p>']
    return card("".join(parts))


def robustness_document(found: Robustness) -> dict[str, Any]:
    """What `run --json` has as `robustness`: the table, with its sentences."""
    return {"survives": list(survivors(found)), "conditions": list(conditions(found)), **found.to_json()}


def _all_rows(found: Robustness) -> str:
    keys = [key for key in found.base if found.base[key].low is not None or key == HOLDS or not found.survives(key)]
    own = max(cell.n for cell in found.base.values())
    rows = [("as it is", "", number(own), *(escape(cell_text(found.base[key])) for key in keys))]
    rows += [
        (
            f"<code>{escape(value_words(row))}</code>",
            escape(row.about),
            number(row.n),
            *(_cell(found, row, key) for key in keys),
        )
        for row in found.varied
    ]
    skipped = [row for row in found.rows if row.skipped]
    left = "".join(f"<li><code>{escape(value_words(row))}</code>: {escape(row.skipped)}</li>" for row in skipped)
    titles = ("with", "about", "runs", *(key.removeprefix("level.").replace("_", " ") for key in keys))
    return table(titles, rows, ("key", "", *["number"] * (1 + len(keys)))) + (
        f"<p>Not run:</p><ul>{left}</ul>" if left else ""
    )


def _cell(found: Robustness, row: Row, key: str) -> str:
    if key not in row.cells:
        return '<span class="dim">-</span>'
    text = escape(cell_text(row.cells[key]))
    return f'<span class="bad">{text}</span>' if row in found.against(key) else text


def _changed(base: Cell, cell: Cell) -> str:
    figure = "" if cell.low is None else f" ({cell_text(cell)})"
    return f"{cell.says or f'it is open whether {base.says}'}{figure}"


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]
