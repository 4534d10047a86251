"""What is measured of a server: loads, windows, counters, and the calls of scripts."""
