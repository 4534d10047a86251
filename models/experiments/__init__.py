"""Many runs: one scenario replicated, and sweeps over its settings."""
