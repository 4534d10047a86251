"""What the admission settings let through in closed form: calls that are taken up at the next poll, or lapse.

A person polls at an instant that has nothing to do with the call, so the time to the next poll is uniform in the poll
interval P. A call is held for E[min(U(0, P), T)] with its TTL T; a window of W calls turns over W / that per second.
"""

from typing import NamedTuple

from models.scenario.clients import Clients


class Group(NamedTuple):
    """Clients who poll at the same interval: their `share` of all, and that interval in seconds."""

    share: float
    poll_s: float


def groups_of(clients: Clients) -> tuple[Group, ...]:
    """Return the people, the bots and those with a hidden page, as far as there are any.

    Advice is taken at its longest interval, as those in front of the line hardly poll by it.
    """
    own_s = max([clients.poll_interval_s, *(line.interval_s for line in clients.poll_advised)])
    bots, hidden = clients.bots.share, (1 - clients.bots.share) * clients.hidden.share
    found = (
        Group(1 - bots - hidden, own_s),
        Group(bots, clients.bots.poll_interval_s),
        Group(hidden, max(own_s, clients.hidden.poll_interval_s)),
    )
    return tuple(group for group in found if group.share > 0)


def held_s(clients: Clients, call_ttl_s: float) -> float:
    """Return the mean time for which a call is held, in seconds."""
    return sum(group.share * _mean_least(group.poll_s, call_ttl_s) for group in groups_of(clients))


def lapsing(clients: Clients, call_ttl_s: float) -> float:
    """Return the share of calls that lapse because their people poll too seldom."""
    return sum(group.share * max(0.0, 1 - call_ttl_s / group.poll_s) for group in groups_of(clients))


def _mean_least(poll_s: float, ttl_s: float) -> float:
    """Return E[min(U, ttl)] for U uniform in 0 to poll."""
    return poll_s / 2 if ttl_s >= poll_s else ttl_s - ttl_s**2 / (2 * poll_s)
