"""What work costs on the engine thread of a Redis node, and where that is known from."""
