"""The zoo's own extractors of features, reached by entry point only."""
