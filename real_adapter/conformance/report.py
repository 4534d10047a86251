"""What the conformance cases found."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

Progress = Callable[[float, str], None]
"""Told of the fraction done, 0 to 1, and what is being done."""


@dataclass(frozen=True)
class Case:
    """One case: how many operations it compared, each difference as readable text, how long it took.

    `counts` are of what happened and is neither right nor wrong. `not_run` says why a case was left out, else empty.
    """

    name: str
    operations: int
    differences: tuple[str, ...]
    seconds: float
    counts: Mapping[str, int] = field(default_factory=dict)
    not_run: str = ""

    def lines(self) -> Iterator[str]:
        """Return the case as text."""
        if self.not_run:
            yield f"not run     {self.name}: {self.not_run}"
            return
        verdict = f"{len(self.differences)} differ" if self.differences else "equal"
        yield f"{verdict:<11} {self.name}: {self.operations:,} operations in {self.seconds:.1f} s"
        if self.counts:
            yield " " * 12 + ", ".join(f"{name} {count:,}" for name, count in self.counts.items())
        for difference in self.differences:
            yield from (f"    {line}" for line in difference.splitlines())


@dataclass(frozen=True)
class ConformanceReport:
    """All cases, on one server; *seed* with the same number of operations repeats them, but for the server's clock."""

    server: str
    seed: int
    cases: tuple[Case, ...]

    @property
    def equal(self) -> bool:
        """Whether something was compared, and nothing differed."""
        return any(not case.not_run for case in self.cases) and not any(case.differences for case in self.cases)

    def document(self) -> dict[str, Any]:
        """Return the report as `conformance --json` prints it."""
        return {"equal": self.equal, **asdict(self)}

    def lines(self) -> Iterator[str]:
        """Return the report as text."""
        yield f"Lua core on {self.server} against the specification, seed {self.seed}"
        for case in self.cases:
            yield from case.lines()
