"""A pipeline of pyannote built offline: its real classes and file formats, small random weights."""

from __future__ import annotations

from pathlib import Path

CONFIG = """\
dependencies:
  pyannote.audio: 4.0.0
pipeline:
  name: pyannote.audio.pipelines.SpeakerDiarization
  params:
    clustering: AgglomerativeClustering
    embedding: $model/embedding
    embedding_batch_size: 4
    plda: $model/plda
    segmentation: $model/segmentation
    segmentation_batch_size: 8
    segmentation_step: 0.5
params:
  clustering:
    method: centroid
    min_cluster_size: 1
    threshold: 0.7
  segmentation:
    min_duration_off: 0.0
"""


def build(folder: Path) -> Path:
    """Write a pipeline that hears one speaker all the time, in the layout of speaker-diarization-community-1."""
    import numpy as np
    import torch
    from pyannote.audio.core.task import Problem, Resolution, Specifications
    from pyannote.audio.models.embedding import XVectorMFCC
    from pyannote.audio.models.segmentation import PyanNet

    torch.manual_seed(7)
    frames = Specifications(
        Problem.MONO_LABEL_CLASSIFICATION,
        Resolution.FRAME,
        duration=5.0,
        classes=["a", "b", "c"],
        powerset_max_classes=2,
        permutation_invariant=True,
    )
    small = {"hidden_size": 8, "num_layers": 1, "bidirectional": False, "monolithic": True, "dropout": 0.0}
    segmentation = PyanNet(lstm=small, linear={"hidden_size": 8, "num_layers": 1})
    segmentation.specifications = frames
    segmentation.setup()
    torch.nn.init.constant_(segmentation.classifier.bias, 0.0)
    torch.nn.init.constant_(segmentation.classifier.weight, 0.0)
    segmentation.classifier.bias.data[1] = 5.0  # of the powerset: nobody, a, b, c, a and b, ...
    embedding = XVectorMFCC(dimension=256)
    embedding.specifications = Specifications(Problem.REPRESENTATION, Resolution.CHUNK, duration=5.0)
    embedding.setup()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(CONFIG)
    for name, network in (("segmentation", segmentation), ("embedding", embedding)):
        (folder / name).mkdir()
        checkpoint = {"state_dict": network.state_dict(), "hyper_parameters": dict(network.hparams), "epoch": 0}
        network.on_save_checkpoint(checkpoint)
        torch.save(checkpoint, folder / name / "pytorch_model.bin")
    (folder / "plda").mkdir()
    random = np.random.default_rng(7)
    wide, narrow = 256, 128
    np.savez(
        folder / "plda/xvec_transform.npz",
        mean1=np.zeros(wide),
        mean2=np.zeros(narrow),
        lda=random.normal(size=(wide, narrow)),
    )
    turned = np.linalg.qr(random.normal(size=(narrow, narrow)))[0]
    np.savez(folder / "plda/plda.npz", mu=np.zeros(narrow), tr=turned, psi=np.linspace(2.0, 0.1, narrow))
    return folder
