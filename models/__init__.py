"""The system being twinned: documents on shelves, the machine by parts, the engine below them, the run above them."""
