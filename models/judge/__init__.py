"""The judge: what a finished run means. It takes its evidence as arguments and simulates nothing itself."""
