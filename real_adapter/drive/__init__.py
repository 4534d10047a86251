"""Load on a real server: compiled, on a schedule, over many connections."""
