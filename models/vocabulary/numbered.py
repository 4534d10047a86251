"""Enumerations whose members count themselves."""

from enum import IntEnum
from typing import Any


class Numbered(IntEnum):
    """Members of value `auto()` are numbered from 0, each by one more than the member before it."""

    @staticmethod
    def _generate_next_value_(_name: str, _start: int, _count: int, last_values: list[Any]) -> int:
        return int(last_values[-1]) + 1 if last_values else 0
