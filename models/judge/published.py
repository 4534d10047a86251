"""Figures of the talk that runs are held against, beside which reports and charts show their own.

They are those of the claims (`models/ledger/claims.py`), written again because evidence by simulation would otherwise
be run anew whenever the wording of a claim changes; a test holds the two together.
"""

TALK_PEOPLE = 300_000
"""People waiting in the talk; its load figures are shown beside runs of this size only."""

TALK_STATUS_RPS = 60_000
"""Status requests per second the talk designs for: 300,000 people polling every 5 s."""

TALK_ENOUGH_RPS = 30_000
"""What the talk says was enough in reality."""

PUBLISHED_ENGINE_CPU = {
    "index": {1_000: 10.0, 10_000: 40.0, 20_000: 70.0, 30_000: 90.0},
    "keys": {10_000: 100.0},
}
"""Engine CPU in percent by offered RPS, before and after the index, as the talk's load-test table gives it.

The repositories behind the talk present the figures with the index as expected values, written before a
re-test.
"""
