"""From float weights to a PackedModel: compaction, calibration, quantisation, choice of formats."""
