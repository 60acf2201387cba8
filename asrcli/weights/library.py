"""The transformers library at the files of a model: kept quiet, and what it raises made one line."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from asrcli.base.files import brief
from asrcli.errors import ModelError


@contextmanager
def loading(failed: str) -> Iterator[None]:
    """Raise `ModelError`, which begins so, for what the library says when a part of a folder is missing or damaged."""
    try:
        yield
    except ModelError:
        raise
    except Exception as error:  # the Rust library raises bare ones for damaged files
        raise ModelError(f"{failed} ({brief(error)}); download the model again") from error


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the library's bars and reports off stderr; what matters in them is raised."""
    from transformers.utils import logging

    before, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*mismatched key_padding_mask")  # the library's own WavLM
            yield
    finally:
        logging.set_verbosity(before)
        if bars:
            logging.enable_progress_bar()
