"""The packed graph: values, operators, the model, its integer reference, its file and its ledger."""
