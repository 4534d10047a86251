"""Hypothesis strategies for scenarios and profiles, a file for each part of them."""
