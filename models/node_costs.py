"""What work costs on the Redis nodes of a scenario: its profile, as the scenario reads it."""

from models.profile import Profile, load_profile
from models.profile_scale import dilated
from models.scenario.messages import shown
from models.scenario.platform import Redis
from sim.errors import BadInput


def node_costs(redis: Redis) -> Profile:
    """Return the costs of the nodes of *redis*; BadInput if its profile cannot be read, or not in that way."""
    return _as_read(load_profile(redis.profile), redis.profile_reading)


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
        line = f"profile {profile.name} times {factor:g} is beyond what a profile may hold"
        raise BadInput(f"redis.profile_reading: {line} ({error})") from None
