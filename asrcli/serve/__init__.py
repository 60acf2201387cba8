"""``asr serve``: engines behind OpenAI's interface for files of speech."""
