"""One file an operator or a family: how it is written in ONNX, in each form."""
