"""A real Redis: one of our own that is started and ended, or somebody's that is connected to with care."""
