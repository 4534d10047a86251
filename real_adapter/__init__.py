"""What ties the models to a real Redis: it is started, driven and compared with them, and its costs are fitted."""

from sim.compile_cache import require_cache

require_cache()
