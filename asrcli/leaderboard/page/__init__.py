"""The parts of the page of a leaderboard: markup, script and style."""
