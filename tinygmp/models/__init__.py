"""Networks as torch modules, and their weights as plain numpy."""
