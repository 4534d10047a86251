"""The engine: clock, compiled primitives, recording and statistics. It knows nothing of what it simulates."""
