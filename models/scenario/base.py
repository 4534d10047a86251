"""What sections of a scenario have in common."""

from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field

from models.documents.strict import Strict

T = TypeVar("T")

#: A YAML list, kept as a tuple. Only the list itself is converted; its items stay strict.
Sequence = Annotated[tuple[T, ...], Field(strict=False)]


class Section(Strict):
    """One section of a scenario."""


class Lognormal(Section):
    """A lognormal duration in seconds."""

    median_s: float = Field(ge=0, le=86_400, description="median in seconds")
    sigma: float = Field(0.5, ge=0, le=3, description="standard deviation of the logarithm; 0 = constant (assumption)")


class LognormalMs(Section):
    """A lognormal duration in milliseconds."""

    median_ms: float = Field(ge=0, le=60_000, description="median in milliseconds")
    sigma: float = Field(0.5, ge=0, le=3, description="standard deviation of the logarithm; 0 = constant (assumption)")


def tagged(key: str, default: str) -> BeforeValidator:
    """Let a mapping without its discriminator `key` mean the `default` kind."""

    def add(value: Any) -> Any:
        return {key: default, **value} if isinstance(value, dict) and key not in value else value

    return BeforeValidator(add)
