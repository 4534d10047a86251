"""The bill of one run of a script, in plain Python: what the compiled engine keeps in arrays."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.redis_costs.commands import WRITES, Command, call_cost_ns
from models.waiting_room.script_cost import changed_ns, is_warm, repeated_ns


class ExtraCalls(Protocol):
    """An entry of extra calls, as a scenario has them: `calls` of a command, fewer if negative."""

    @property
    def command(self) -> str:
        """Name of the command."""

    @property
    def elements(self) -> int:
        """Elements that each call handles."""

    @property
    def calls(self) -> int:
        """How many calls more."""


class Bill:
    """The bill of one run, in plain Python; the compiled engine keeps the same in `Rooms`.

    Times in ns; *table* is the profile's cost table. `write_ns` is the part of the cost that replicas repeat,
    `repeated_ns` that of repeated calls; `by_command` the calls, their cost, and that of the repeated ones.
    """

    def __init__(self, table: NDArray[np.int64]) -> None:
        self.table = table
        self.cost_ns = self.commands = self.write_ns = self.repeated_ns = 0
        self.by_command: dict[Command, tuple[int, int, int]] = {}

    def call(self, command: Command, elements: int, members: int) -> None:
        """Add one call of *command* (see `models.redis_costs.commands.call_cost_ns`)."""
        cost_ns = call_cost_ns(self.table, int(command), elements, members)
        self._add(command, 1, cost_ns, is_warm(int(command), members))

    def change(self, entry: ExtraCalls, members: int) -> None:
        """Add an entry of extra calls that walks a set of *members*."""
        command = Command[entry.command]
        price_ns = call_cost_ns(self.table, int(command), entry.elements, members)
        made, paid_ns, _ = self.by_command.get(command, (0, 0, 0))
        self._add(command, *changed_ns(entry.calls, price_ns, made, paid_ns))

    def _add(self, command: Command, calls: int, cost_ns: int, warm: bool = False) -> None:
        made, paid_ns, repeated = self.by_command.get(command, (0, 0, 0))
        again_ns = cost_ns if warm else repeated_ns(calls, cost_ns, made, repeated)
        self.by_command[command] = made + calls, paid_ns + cost_ns, repeated + again_ns
        self.repeated_ns += again_ns
        self.cost_ns += cost_ns
        self.commands += calls
        self.write_ns += cost_ns * int(WRITES[command])
