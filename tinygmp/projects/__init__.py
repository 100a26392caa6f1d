"""A user's way from data to a board: recipe, training, the choice that fits, and reproduced rows."""
