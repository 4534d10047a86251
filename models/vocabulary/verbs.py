"""What a service does for a request, step by step: the words of its program (see `models.plan.programs`)."""

from enum import auto

from models.vocabulary.numbered import Numbered


class Verb(Numbered):
    """What one step does."""

    CPU = auto()  # compute, as long as the operation takes a pod
    REDIS = auto()  # ask a Redis node: `Whom`
    CALL = auto()  # ask another service: its `Place`
    ANSWER = auto()  # let the answer go to whoever has asked


class Whom(Numbered):
    """The node that a step asks, and whether the pod does when it knows the event to be sold out: then it says so."""

    PRIMARY = auto()  # the primary of the event that the request is about, in any case
    ROOM = auto()  # the same, unless it is sold out
    READER = auto()  # the node of that shard that the pod reads, unless it is sold out
    PINGED = auto()  # the primary that a probe has picked, or all of them one after the other
