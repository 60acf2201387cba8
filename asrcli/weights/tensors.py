"""The tensors of a checkpoint by name, each taken once and with the shape it must have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from asrcli.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor


class Tensors:
    """Hands out tensors by the names that a network is built with.

    Args:
        tensors: by the names under which they are stored.
        source: the file or folder they come from, for messages.
    """

    def __init__(self, tensors: Mapping[str, Any], source: object) -> None:
        self.source = str(source)
        self._tensors = dict(tensors)

    def __contains__(self, name: str) -> bool:
        return self._stored(name) in self._tensors

    def take(self, name: str, *shape: int) -> Tensor:
        """Remove and return one tensor; `ModelError` where it is not there or has another shape than is given."""
        stored = self._stored(name)
        if stored not in self._tensors:
            raise ModelError(f"{self.source}: weights '{stored}' are missing; it is damaged, or another model")
        tensor = self._read(stored, self._tensors.pop(stored))
        if shape and tuple(tensor.shape) != shape:
            raise ModelError(f"{self.source}: weights '{stored}' have shape {tuple(tensor.shape)}, expected {shape}")
        return tensor

    def names(self) -> list[str]:
        """Return the names of the tensors that nobody has taken."""
        return sorted(self._tensors)

    def drop(self, name: str) -> None:
        """Forget a tensor that is not needed, present or not."""
        self._tensors.pop(self._stored(name), None)

    def _stored(self, name: str) -> str:
        """Return the name under which a tensor is stored."""
        return name

    def _read(self, stored: str, tensor: Any) -> Tensor:
        """Return a tensor as the network takes it."""
        found: Tensor = tensor
        return found
