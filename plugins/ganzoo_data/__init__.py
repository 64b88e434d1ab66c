"""The zoo's own data sets, one per file, reached by entry point only."""
