"""A server that speaks OpenAI's protocol, as an engine: vLLM, speaches, whisper.cpp, OpenAI itself."""

from asr_plugins.openai_server.engine import OpenAIServer

__all__ = ["OpenAIServer"]
