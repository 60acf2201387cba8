"""The tables that come with asr, as `asrcli.leaderboard.snapshot` writes them."""
