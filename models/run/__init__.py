"""One run from begin to end, on either engine, and the laws that it is checked against."""
