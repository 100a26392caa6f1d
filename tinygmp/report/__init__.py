"""The report of a run: one record, shown as JSON, as one HTML file and as tables on a terminal."""
