"""The integer reference executor, one function an operator: what it computes is the correct answer everywhere."""
