"""The engine: clock, compiled primitives, recording and statistics. It knows nothing of tickets, Redis or AWS."""
