"""Numbers from elsewhere, with where and when they were read and how far to trust that.

Catalogues and price lists are YAML files of such numbers. They are read strictly: an unknown key, a missing date or a
price that is text is refused in one line.
"""

from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import Field

from models.documents.strict import Strict, from_data
from models.documents.text import printable
from models.documents.yaml_text import read_mapping

Confidence = Literal["high", "medium", "low", "from_memory", "assumption"]
"""Read in a primary source; in a secondary source, or one report; in a weak one; remembered, not read; assumed."""

CONFIDENCES: tuple[Confidence, ...] = ("high", "medium", "low", "from_memory", "assumption")
"""From the firmest to the weakest."""

Date = Annotated[str, Field(pattern=r"^\d{4}-\d{2}(-\d{2})?$")]
"""The day, or the month, a number was read or is of."""


class Number(Strict):
    """A number with its origin. Its unit is in the name of the field that holds it."""

    value: float = Field(ge=0, le=1e9)
    date: Date
    source: str = Field(min_length=1, max_length=200)
    confidence: Confidence

    def times(self, other: "Number") -> "Number":
        """Return the product; it rests on both and is as firm as the weaker of them."""
        return Number(
            value=self.value * other.value,
            date=max(self.date, other.date),
            source=f"{self.source}, x {other.value:g} ({other.source})"[:200],
            confidence=weaker(self.confidence, other.confidence),
        )


File = TypeVar("File", bound=Strict)


def weaker(a: Confidence, b: Confidence) -> Confidence:
    """Return the weaker of two confidences."""
    return max(a, b, key=CONFIDENCES.index)


def read_sourced(path: Path, kind: type[File]) -> File:
    """Return the YAML file at *path* as *kind*; `BadInput` names the file and the first thing wrong with it."""
    return from_data(kind, read_mapping(path), printable(path.name))
