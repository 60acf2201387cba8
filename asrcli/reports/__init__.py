"""Tables, pages and plots that benches, comparisons and leaderboards share."""
