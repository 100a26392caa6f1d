"""What lies in a packed model, a TFLite, ONNX or ELF file, or a folder of generated C."""
