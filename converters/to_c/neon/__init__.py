"""C for 64-bit ARM with NEON: the same graph, its maps in planes of four channels."""
