"""One bounded client for everything that is fetched, and cleaning of what comes back."""
