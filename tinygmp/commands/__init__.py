"""The commands of the command line, one a file: arguments and words here, work in the rooms."""
