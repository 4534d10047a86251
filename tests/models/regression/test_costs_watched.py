"""Ten percent on any one cost of any shipped profile fails the shipped baselines."""

from collections.abc import Iterator

import pytest

from models.redis_costs.profile import Profile, load_profile, profile_names
from models.regression.baseline import SHIPPED, read_baselines
from models.regression.compare import Evidence, compare
from models.regression.costs import profile_costs

FILE = "profile-costs.json"


def dearer(profile: Profile) -> Iterator[tuple[str, Profile]]:
    """Every cost that is not next to zero, and the profile in which it is a tenth higher."""
    for name, value in profile.engine:
        if value:
            yield name, profile.model_copy(update={"engine": profile.engine.model_copy(update={name: 1.1 * value})})
    script_us = profile.script_overhead_us
    yield "script_overhead_us", profile.model_copy(update={"script_overhead_us": 1.1 * script_us})
    for operation, own in profile.scripts.items():
        changed = own.model_copy(update={"overhead_us": 1.1 * own.overhead_us})
        yield operation, profile.model_copy(update={"scripts": {**profile.scripts, operation: changed}})
    for command, cost in profile.commands.items():
        for term, value in cost:
            if value:
                changed = cost.model_copy(update={term: 1.1 * value})
                dearer_one = profile.model_copy(update={"commands": {**profile.commands, command: changed}})
                if (dearer_one.cost_table() != profile.cost_table()).any():  # else it is less than the engine's ns
                    yield f"{command}.{term}", dearer_one


@pytest.mark.parametrize("name", profile_names())
def test_a_tenth_more_of_any_cost_fails(name: str) -> None:
    baseline = read_baselines(SHIPPED)[FILE]
    rows = tuple(row for row in baseline.rows if row.case == name)
    only = {FILE: baseline.model_copy(update={"rows": rows, "cases": {name: baseline.cases[name]}})}
    profile = load_profile(name)
    assert compare(only, Evidence({(FILE, name): profile_costs(profile)}, {})).holds
    for cost, changed in dearer(profile):
        found = compare(only, Evidence({(FILE, name): profile_costs(changed)}, {}))
        assert not found.holds, f"{cost} may be a tenth higher unseen"
