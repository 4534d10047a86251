"""Where a request can be: hops lead from one place to another (see `models.plan.network`)."""

from enum import auto

from models.vocabulary.numbered import Numbered


class Place(Numbered):
    """The places: first the services that have pods, which are rows of the tables of part `service`, then the others.

    RESERVATION is a station, REDIS are primaries and replicas, CLIENT is a person's browser or a source; the kubelet is
    CONTROL, too.
    """

    GATEWAY = auto()
    RESERVATION = auto()
    REDIS = auto()
    CLIENT = auto()
    CONTROL = auto()


SERVICES = Place.GATEWAY + 1
"""How many services have pods."""
