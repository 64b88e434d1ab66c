"""The verbs: where names, data and mathematics meet."""
