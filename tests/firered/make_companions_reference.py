"""Run the official FireRedVAD, FireRedLID and FireRedPunc on the models of `companion_cases.py`.

    python make_companions_reference.py --second PATH --out FILE

PATH is a copy of the official repository FireRedASR2S (commit 72096c2). Needs kaldiio, soundfile and transformers. The
file holds numbers only; no code of the repository.
"""

from __future__ import annotations

import argparse
import functools
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile
import torch
import transformers

sys.path.insert(0, str(Path(__file__).parent))
import cases
import companion_cases


@torch.no_grad()
def main() -> None:
    """Write one npz."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("second", "out"):
        parser.add_argument(f"--{name}", required=True, type=Path)
    options = parser.parse_args()
    sys.path.insert(0, str(options.second))
    torch.load = functools.partial(torch.load, weights_only=False)  # our own files; the official code predates 2.6
    from fireredasr2s.fireredlid.lid import FireRedLid, FireRedLidConfig
    from fireredasr2s.fireredpunc.punc import FireRedPunc, FireRedPuncConfig
    from fireredasr2s.fireredvad.vad import FireRedVad

    out: dict[str, np.ndarray] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        strings = [folder / f"{number}.wav" for number in range(4)]
        for number, path in enumerate(strings):
            soundfile.write(path, companion_cases.sound(number), 16000, subtype="PCM_16")
        for name in companion_cases.VAD_SHAPES:
            model = FireRedVad.from_pretrained(str(companion_cases.vad_folder(folder / name, name)))
            for number, path in enumerate(strings):
                out[f"{name}-{number}"] = model.detect(str(path), do_postprocess=False)[1].numpy()
        case = cases.aed_case(0, ctc=False)
        lid = FireRedLid.from_pretrained(
            str(companion_cases.lid_folder(folder / "lid", case.state, case.args)), FireRedLidConfig(use_gpu=False)
        )
        for number, path in enumerate(strings):
            features, lengths, *_ = lid.feat_extractor([str(path)], ["x"])
            best = lid.model.process(features, lengths, 1, 1, 1, 1.25, 0.0, 1.0)[0][0]
            out[f"lid-{number}"] = np.array([int(best["yseq"][0]), float(best["confidence"])])
        bert = companion_cases.punc_folder(folder / "punc") / "chinese-lert-base"
        # The official code wants weights here, which those of model.pth.tar then replace.
        transformers.BertModel(transformers.BertConfig.from_pretrained(bert)).save_pretrained(bert)
        punc = FireRedPunc.from_pretrained(str(bert.parent), FireRedPuncConfig(use_gpu=False))
        for number, text in enumerate(companion_cases.TEXTS):
            words = [(word, 0.0, 1.0) for word in text.split()]
            padded, lengths, tokens, counts = punc.model_io.timestamp2tensor([words])
            tags = punc.get_punc_pred(punc.model.forward_model(padded, lengths), lengths, tokens)[0]
            last = np.cumsum(counts[0]) - 1
            out[f"punc-{number}"] = np.array([tags[at] for at in last])
    np.savez_compressed(options.out, **out)


if __name__ == "__main__":
    main()
