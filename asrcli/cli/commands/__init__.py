"""One module per command: options in, a call of the library, the result rendered. Imported when the command runs."""
