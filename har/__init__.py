"""HAR-2: the two-class human activity task built from UCI HAR."""
