"""Work that crosses rooms."""
