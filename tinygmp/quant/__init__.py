"""Integer arithmetic shared by the reference executor and every device."""
