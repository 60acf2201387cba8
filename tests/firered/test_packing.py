"""Weights laid one after the other are the same weights."""

from __future__ import annotations

import torch
from asr_plugins.firered.weights import ALIGNMENT, pack
from torch import nn


def test_weights_lie_together_and_stay_the_same() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Embedding(7, 5), nn.Linear(5, 3), nn.LayerNorm(3), nn.Linear(3, 5), nn.Linear(5, 7))
    network[4].weight = network[0].weight
    network.register_buffer("bytes", torch.arange(3, dtype=torch.int8))
    network.register_buffer("none", None)
    words = torch.tensor([[0, 6, 3]])
    before = {name: one.clone() for name, one in network.state_dict().items()}
    with torch.inference_mode():
        expected = network(words)
        assert torch.equal(pack(network)(words), expected)
    assert all(torch.equal(one, before[name]) for name, one in network.state_dict().items())
    assert network[4].weight.data_ptr() == network[0].weight.data_ptr()
    places = [one.data_ptr() for one in (*network.parameters(), network.bytes)]
    assert all(place % ALIGNMENT == 0 for place in places)
    assert places == sorted(places) and places[-1] - places[0] < ALIGNMENT * (len(places) + 8)
