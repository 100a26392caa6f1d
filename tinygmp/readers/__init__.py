"""Foreign files and modules to float graphs: read as data, nothing in them runs."""
