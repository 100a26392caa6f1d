"""Training recipes as data: one TOML file for every row of the paper's tables."""
