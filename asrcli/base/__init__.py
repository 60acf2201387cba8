"""Small things that every package uses: files, console, languages, threads."""
