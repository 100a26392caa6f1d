"""PackedModel to ONNX (opset 17): a whole window by Scan and a streaming step cell, in floats and bit-exact."""
