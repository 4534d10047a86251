"""What the strategies share: short names, and durations."""

from typing import Any

from hypothesis import strategies as st

pick = st.sampled_from
Draw = st.DrawFn
Section = dict[str, Any]


@st.composite
def durations(draw: Draw, constant: bool, medians: list[float], unit: str = "s") -> Section:
    """A lognormal duration, without spread if it must be *constant*."""
    return {f"median_{unit}": draw(pick(medians)), "sigma": 0 if constant else draw(pick([0, 0.6]))}
