"""The mathematics of the game: two players, their losses, and one step. No files, no names."""
