"""A scenario: everything a simulation needs to know, as one immutable value that makes sense."""

from typing import Self

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from models.scenario.checks import contradictions
from models.scenario.sections import Sections


class Scenario(Sections):
    """A complete, consistent scenario. Read one with `load_scenario`."""

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        """Refuse values that are fine alone and impossible together."""
        found = list(contradictions(self))
        if found:
            raise PydanticCustomError("contradiction", "{message}", {"message": found[0], "messages": found})
        return self
