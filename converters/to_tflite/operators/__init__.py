"""One file an operator or a family: how it is written in TFLite, in each form."""
