"""Evidence of a real Redis: quantities measured for the claims, in a dated file beside the profiles."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from models.documents.sourced import Date
from models.documents.strict import Strict, from_json
from models.documents.text import printable
from sim.errors import BadInput
from sim.estimate import Estimate
from sim.store import write_atomically

MEASUREMENTS = Path(__file__).parent.parent / "profiles" / "measurements" / "x86-valkey.json"
"""The shipped ones."""


class Quantity(Strict):
    """One measured quantity, with a 95 % interval if it was measured more than once (`n`)."""

    low: float | None
    best: float
    high: float | None
    n: int = Field(ge=1)
    unit: str = Field(min_length=1, max_length=40)
    how: str = Field(min_length=1, max_length=300)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        self.estimate()
        return self

    @classmethod
    def of(cls, estimate: Estimate, unit: str, how: str) -> Self:
        """Return an estimate as it is stored."""
        return cls(low=estimate.low, best=estimate.best, high=estimate.high, n=estimate.n, unit=unit, how=how)

    def estimate(self) -> Estimate:
        """Return it as an estimate."""
        return Estimate(self.low, self.best, self.high, self.n)


class Measured(Strict):
    """All that was measured at one time on one server."""

    schema_version: Literal[1]
    date: Date
    server: str = Field(min_length=1, max_length=200)
    machine: str = Field(min_length=1, max_length=300)
    windows_discarded: dict[str, int]
    quantities: dict[str, Quantity] = Field(min_length=1)

    def of(self, name: str) -> Estimate:
        """Return a quantity. BadInput if it was not measured."""
        if name not in self.quantities:
            raise BadInput(f"measurements: {name} was not measured; renew them with breakwater validate --measure")
        return self.quantities[name].estimate()

    @property
    def origin(self) -> str:
        """Return in words where this is from."""
        return f"measured on {self.server} ({self.machine}), {self.date}"


def read_measured(path: Path = MEASUREMENTS) -> Measured:
    """Return the file at *path*; BadInput with one line if it is not there or not such a file."""
    try:
        document = path.read_bytes()
    except OSError as error:
        raise BadInput(
            f"measurements: {printable(str(path))} cannot be read ({error.strerror}); "
            "make it with breakwater validate --measure"
        ) from None
    return from_json(Measured, document, printable(path.name))


def write_measured(path: Path, measured: Measured) -> None:
    """Write the file at *path*, complete or not at all. OSError as from any write."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, measured.model_dump_json(indent=2).encode() + b"\n")
