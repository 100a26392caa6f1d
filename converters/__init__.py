"""Converters from a PackedModel to what runs on a device. None of them imports torch."""
