"""The Lua core on a real server against its specification."""
