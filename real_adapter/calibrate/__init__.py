"""From a server to a profile that has been verified, and to the figures that claims need."""
