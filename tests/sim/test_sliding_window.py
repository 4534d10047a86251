"""Counts within a look-back against a count of everything that happened, one by one."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.sliding_window import new_sliding_window, note, turn

KEYS = 4


@settings(max_examples=100, deadline=None)
@given(
    st.integers(1, 6),
    st.lists(st.lists(st.integers(0, KEYS - 1), max_size=8), min_size=1, max_size=20),
)
def test_a_look_sees_what_happened_in_the_spans_of_the_look_back(spans, happened):
    """`happened`: by span, whose it was."""
    window = new_sliding_window(KEYS, spans)
    for last, keys in enumerate(happened):
        for key in keys:
            note(window, key)
        seen = [key for span in happened[max(0, last - spans + 1) : last + 1] for key in span]
        assert window.total.tolist() == np.bincount(seen, minlength=KEYS).tolist()
        turn(window)
