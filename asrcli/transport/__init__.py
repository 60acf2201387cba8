"""Processes of their own that work for this one: how they are started, spoken to, watched and ended."""
