"""The boundary around weights that somebody else made: what a library raises over them is one line."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from asrcli.base.files import brief
from asrcli.engines.device import is_out_of_memory
from asrcli.errors import AsrError, ModelError

if TYPE_CHECKING:
    from asrcli.engine import Weights

_log = logging.getLogger(__name__)


@contextmanager
def opening(weights: Weights) -> Iterator[None]:
    """Turn what opening the weights of a stranger raises into a `ModelError`; its traceback is said with ``-v``.

    Weights that an engine declares are not a stranger's: an error there is a bug, and keeps its traceback. So does a
    package that does not import. What says that memory was short is the caller's, who may take another device.
    """
    try:
        yield
    except (AsrError, ImportError):
        raise
    except Exception as error:
        if weights.model is not None or is_out_of_memory(error):
            raise
        _log.debug("'%s' cannot be loaded", weights.path or weights.name, exc_info=True)
        raise ModelError(
            f"'{weights.path or weights.name}' cannot be loaded ({type(error).__name__}: {brief(error)}); -v says where"
        ) from error
