"""What the talk leaves open, as data: the settings that a verdict may depend on, and the values they may well have."""

from functools import cache
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from models.documents.sourced import read_sourced
from models.documents.strict import Strict

ASSUMPTIONS = Path(__file__).with_name("assumptions.yaml")


class Assumption(Strict):
    """One of them: the dotted path of a `setting` and its `values`, the first of which is the default design's own.

    `says` is what it is about, `origin` where the values are from.
    """

    setting: str = Field(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)+$")
    values: Annotated[tuple[Any, ...], Field(strict=False, min_length=2)]
    says: str = Field(min_length=1, max_length=200)
    origin: str = Field(pattern=r"^(the talk|source|assumption)\b", max_length=200)

    @property
    def others(self) -> tuple[Any, ...]:
        """Return the values that it has elsewhere than in the default design."""
        return self.values[1:]


class Assumptions(Strict):
    """The whole file."""

    assumptions: Annotated[tuple[Assumption, ...], Field(strict=False, min_length=1)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        settings = [assumption.setting for assumption in self.assumptions]
        if twice := sorted({setting for setting in settings if settings.count(setting) > 1}):
            raise ValueError(f"{twice[0]} stands there twice")
        return self


@cache
def assumptions() -> tuple[Assumption, ...]:
    """Return every assumption, in the order of the file; BadInput if that is wrong."""
    return read_sourced(ASSUMPTIONS, Assumptions).assumptions
