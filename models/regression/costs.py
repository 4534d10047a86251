"""What a profile says that work costs, as KPIs: every command, reading a request, entering a script, the event loop.

Engine CPU hardly shows a cost of which there is little in a request, and not at all one of a command that no script
calls yet. So all of them are watched by themselves.
"""

from models.redis_costs.commands import Command, call_cost_ns
from models.redis_costs.profile import Profile
from models.regression.compare import Measured
from models.results.run_result import profile_hash

MANY_KEYS = 300_000
"""Where KEYS is watched too, as its cost per key grows with the keyspace: the people of the on-sale."""
MEMBERS = 10_000
"""In the sorted set that a call walks, and on the server for KEYS: the tokens of the load ladder."""
UNITS = {"_us": "us", "_ms": "ms", "_slow": "times", "_swing": "share"}


def profile_costs(profile: Profile) -> Measured:
    """Return the cost of one call of each command, of one element in a set of MEMBERS, in us, and all other costs."""
    table = profile.cost_table()
    values: dict[str, float | None] = {
        f"commands.{command.name}.cost_us": call_cost_ns(table, int(command), 1, MEMBERS) / 1e3 for command in Command
    }
    values["commands.KEYS.many_keys_us"] = call_cost_ns(table, int(Command.KEYS), 1, MANY_KEYS) / 1e3
    values |= {f"engine.{name}": float(value) for name, value in profile.engine}
    values["script_overhead_us"] = profile.script_overhead_us
    values |= {f"scripts.{name}.overhead_us": cost.overhead_us for name, cost in profile.scripts.items()}
    units = {name: next(unit for ending, unit in UNITS.items() if name.endswith(ending)) for name in values}
    return Measured(values, units, {"profile": f"{profile.name} {profile_hash(profile)}"})
