"""What a layer takes on a core, told before anything is built: coefficients fitted to counts of the simulators."""
