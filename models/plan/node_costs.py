"""What work costs on the Redis nodes of a scenario: its profile, as the scenario reads it, for their type.

Where something is known of a type that the profile is not of, its costs are scaled and its draws have the uncertainty
of the factor in them; else they are those of the profile's own machine, and the verdict says so.
"""

from models.documents.text import shown
from models.redis_costs.node_standing import node_standing
from models.redis_costs.profile import Profile, load_profile
from models.redis_costs.scale import dilated, spread
from models.scenario.redis import Redis
from sim.errors import BadInput


def node_costs(redis: Redis) -> Profile:
    """Return the costs of the nodes of *redis*; BadInput if its profile cannot be read, or not in that way."""
    profile = _as_read(load_profile(redis.profile), redis.profile_reading)
    on = node_standing(profile, redis.node_type)
    if not on.known or (on.low, on.high) == (1.0, 1.0):
        return profile
    try:
        return spread(profile, on.low, on.best, on.high)
    except ValueError as error:
        raise BadInput(f"redis.node_type: {_beyond(profile, on.best, error)}") from None


def _as_read(profile: Profile, reading: str | None) -> Profile:
    if reading is None:
        return profile
    if reading not in profile.readings:
        known = f"it has {', '.join(profile.readings)}" if profile.readings else "it has none: leave this out"
        raise BadInput(f"redis.profile_reading: {shown(reading)} is not one of profile {profile.name}; {known}")
    factor = profile.readings[reading].factor
    try:
        return profile if factor == 1 else dilated(profile, factor)
    except ValueError as error:
        raise BadInput(f"redis.profile_reading: {_beyond(profile, factor, error)}") from None


def _beyond(profile: Profile, factor: float, error: ValueError) -> str:
    return f"profile {profile.name} times {factor:g} is beyond what a profile may hold ({error})"
