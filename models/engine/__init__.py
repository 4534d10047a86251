"""What all parts share: state, agenda, records, and the data plane as control sees it."""
