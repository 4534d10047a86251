"""The system being twinned: one file per part of it, the dispatch loop, the reference and the judge."""
