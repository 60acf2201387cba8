"""Questions about a transcript, and the evidence for their answers."""
