"""What ties the models to a real Redis: fitting its measured behaviour into a profile."""

from sim.compiling import require_cache

require_cache()
