"""Runs of commands: plan what has to be made, execute it, remember how it was made."""
