"""The waiting room on a real server, and all that is known of it."""
