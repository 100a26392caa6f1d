"""PackedModel to TFLite: a streaming step cell in float32 and in int16x8, written without TensorFlow."""
