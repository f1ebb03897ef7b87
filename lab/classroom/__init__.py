"""A lesson for a room full of phones: everybody predicts, then sees the run."""
