"""From windows and curves to the costs of a profile, by the engine thread's own mechanism."""
