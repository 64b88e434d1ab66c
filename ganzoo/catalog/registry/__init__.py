"""Models by name: cards, numbered versions, aliases and remote registries."""
