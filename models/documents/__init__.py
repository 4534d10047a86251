"""Files as they are read: strictly, and refused in one line."""
