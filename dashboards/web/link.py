"""A view and the query string that restores it.

A link holds the whole view: scenario or its text, changed settings, seed, replications, and what the pages that compare
and sweep have beside it. Values that are the default stay out of it; the version never does.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlencode

from dashboards.options import LARGEST_SEED, PAIRS
from dashboards.web.design import DEFAULT, Design, changed_by
from models.documents.yaml_text import MAX_BYTES
from sim.errors import BadInput

VERSION = "1"
LONGEST = 6_000
"""Characters of a query string: browsers and mail programs take 8,000 without cutting."""
MOST_REPLICATIONS = 200
MOST_DESIGNS = 4
LETTERS = "bcd"
"""Before the parameters of the designs that the current one is compared with."""


PAGES = {
    "hold": "Will it hold?",
    "compare": "Compare",
    "breaks": "What breaks first?",
    "trust": "Can we trust it?",
    "cost": "What does it cost?",
}
"""The pages by their names in a link, with their titles; the first is the default."""


@dataclass(frozen=True)
class View:
    """What a person looks at: the page, the current design, how it is run, and what other pages have beside it."""

    page: str = "hold"
    design: Design = field(default_factory=Design)
    seed: int = 1
    replications: int = 1
    others: tuple[Design, ...] = ()
    pairs: int = PAIRS
    vary: tuple[str, ...] = ()
    runs_per_cell: int = 1


Params = dict[str, str | list[str]]
COUNTS = {"replications": ("n", 1), "pairs": ("pairs", 2), "runs_per_cell": ("runs", 1)}
"""Numbers of runs, by field: the parameter, and the least it can be."""


def params_of(view: View) -> Params:
    """The parameters of the link, and nothing that is the default."""
    params: Params = {"v": VERSION, **_design_params(view.design, "")}
    if view.page != View.page:
        params["page"] = view.page
    if view.seed != View.seed:
        params["seed"] = str(view.seed)
    for what, (name, _) in COUNTS.items():
        if getattr(view, what) != getattr(View, what):
            params[name] = str(getattr(view, what))
    for letter, design in zip(LETTERS, view.others, strict=False):
        params |= _design_params(design, f"{letter}.")
    if view.vary:
        params["vary"] = list(view.vary)
    return params


def query_of(view: View) -> str | None:
    """The query string; None if it would be too long for a link."""
    query = urlencode(params_of(view), doseq=True, safe="=,.:/[]{}")
    return query if len(query) <= LONGEST else None


def view_of(get_all: Callable[[str], list[str]]) -> View:
    """The view of a link, whose values by parameter *get_all* returns. BadInput, one line, if it cannot be restored."""
    version = _one(get_all, "v")
    if version not in (None, VERSION):  # without one it was typed by hand, as it is written now
        raise BadInput(f"v: this link is of version {version}, this program reads version {VERSION}")
    counts = {what: _integer(get_all, name, least, MOST_REPLICATIONS) for what, (name, least) in COUNTS.items()}
    given = {what: count for what, count in counts.items() if count is not None}
    seed, page = _integer(get_all, "seed", 0, LARGEST_SEED), _one(get_all, "page") or View.page
    if page not in PAGES:
        raise BadInput(f"page: {page[:40]!a} is not known; must be one of {', '.join(PAGES)}")
    return View(
        page=page,
        design=_design(get_all, "") or Design(),
        seed=View.seed if seed is None else seed,
        others=tuple(_others(get_all)),
        vary=tuple(get_all("vary")),
        **given,
    )


def _design_params(design: Design, prefix: str) -> Params:
    if design.text is None:
        params: Params = {f"{prefix}scenario": design.scenario}
    else:
        params = {f"{prefix}yaml": _packed(design.text)}
    if design.settings:
        params[f"{prefix}set"] = design.changes
    return params


def _design(get_all: Callable[[str], list[str]], prefix: str) -> Design | None:
    """The design whose parameters begin with *prefix*, checked; None if there is none."""
    packed, name, changes = _one(get_all, f"{prefix}yaml"), _one(get_all, f"{prefix}scenario"), get_all(f"{prefix}set")
    if packed is None and name is None and not changes:
        return None
    return changed_by(Design(name or DEFAULT) if packed is None else Design(text=_unpacked(packed)), changes)


def _others(get_all: Callable[[str], list[str]]) -> Iterator[Design]:
    for letter in LETTERS:
        design = _design(get_all, f"{letter}.")
        if design is not None:
            yield design


def _one(get_all: Callable[[str], list[str]], name: str) -> str | None:
    values = get_all(name)
    return values[-1] if values else None


def _integer(get_all: Callable[[str], list[str]], name: str, least: int, most: int) -> int | None:
    text = _one(get_all, name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and least <= int(text) <= most):
        raise BadInput(f"{name}: {text[:40]!a} is not allowed; must be an integer from {least} to {most:,}")
    return int(text)


def _packed(text: str) -> str:
    return base64.urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode().rstrip("=")


def _unpacked(packed: str) -> str:
    try:
        raw = base64.b64decode(packed + "=" * (-len(packed) % 4), altchars=b"-_", validate=True)
        text = zlib.decompressobj().decompress(raw, MAX_BYTES)
        return text.decode()
    except (binascii.Error, zlib.error, ValueError):
        raise BadInput("yaml: the scenario in this link is damaged; was it cut off?") from None
