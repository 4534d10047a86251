"""What AWS offers and what it asks for it, each figure with its date and source."""
