"""Sweeps: one scenario at many points of its parameters, what holds where, and where it stops holding."""
