"""Environments of their own for engines whose packages do not go together: where they are, how they are made."""
