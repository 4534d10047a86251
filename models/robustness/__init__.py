"""Which conclusions of a run survive its assumptions: each varied by itself, on common random numbers."""
