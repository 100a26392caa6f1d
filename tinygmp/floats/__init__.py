"""Networks before they become integers: graphs of float32 operators, in numpy alone."""
