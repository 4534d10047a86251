"""The talk's figures as claims: what it says, the number, and the inputs it states."""

from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from models.documents.sourced import read_sourced
from models.documents.strict import Strict

CLAIMS = Path(__file__).parents[1] / "claims.yaml"

How = Literal["arithmetic", "simulate", "real", "cost"]

ClaimVerdict = Literal[
    "confirmed", "conditional", "refuted", "inconsistent", "fitted", "not_testable", "not_yet_modelled"
]
"""True; true only under the stated condition; false; contradicts itself or another claim; what the twin was fitted to,
so that it tells nothing; cannot be told, by anybody or by this twin as it is meant to be; not by this twin yet."""


class Claim(Strict):
    """One claim; `value` is a range where two are published, None where none is. `given` has units in its names."""

    id: str = Field(pattern=r"^[a-z]+\.[a-z0-9_]+$")
    how: Annotated[tuple[How, ...], Field(strict=False, min_length=1)]
    says: str = Field(min_length=1, max_length=300)
    value: float | Annotated[tuple[float, float], Field(strict=False)] | None
    unit: str | None
    given: dict[str, float | str] = Field(default_factory=dict)

    @property
    def figure(self) -> float:
        """Return the published value; `TypeError` if it is none, or a range."""
        if not isinstance(self.value, float):
            raise TypeError(f"{self.id}: {self.value!r} is not a number")
        return self.value

    @property
    def bounds(self) -> tuple[float, float]:
        """Return the published range; `TypeError` if there is none."""
        if not isinstance(self.value, tuple):
            raise TypeError(f"{self.id}: {self.value!r} is not a range")
        return self.value

    def number(self, name: str) -> float:
        """Return an input the talk states; `KeyError` if it does not, `TypeError` if it is no number."""
        found = self.given[name]
        if isinstance(found, str):
            raise TypeError(f"{self.id}: {name} is {found!r}, not a number")
        return found


class Claims(Strict):
    """The whole file."""

    claims: Annotated[tuple[Claim, ...], Field(strict=False, min_length=1)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        ids = [claim.id for claim in self.claims]
        if twice := sorted({name for name in ids if ids.count(name) > 1}):
            raise ValueError(f"{twice[0]} stands there twice")
        return self


@cache
def claims() -> MappingProxyType[str, Claim]:
    """Return every claim by its id, in the order of the file."""
    return MappingProxyType({claim.id: claim for claim in read_sourced(CLAIMS, Claims).claims})
