"""The command line: the program, its settings, and one module per command."""
