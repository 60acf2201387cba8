"""`asr bench`: how accurate and how fast engines are on the user's own recordings, and how sure that is."""
