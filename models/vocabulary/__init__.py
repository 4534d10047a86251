"""What both engines, control and results call the same by the same number."""
