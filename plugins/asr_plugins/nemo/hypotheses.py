"""What NeMo's hypotheses say: tokens, how sure they are, and when the words of CTC models and transducers are said.

NeMo's own word times are not taken. Of a CTC model they begin where the word before ended, so that a pause belongs to
the word after it; of a transducer they are the frames in which tokens were named, which is too late for the beginning
of a word and too early for its end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from asr_plugins.transformers_models.vocabulary import Span
from asrcli.types import Clip, Word

Decode = Callable[[list[int]], str]
LEAST = 1e-6  # of a probability, before its logarithm is taken


def token_ids(hypothesis: Any) -> tuple[int, ...]:
    """Return the tokens."""
    if _is_ctc(hypothesis):
        return tuple(span.token for span in token_spans(hypothesis))
    return () if hypothesis.y_sequence is None else tuple(int(token) for token in hypothesis.y_sequence)


def mean_logprob(hypothesis: Any, layout: str) -> float | None:
    """Return the mean log probability of the tokens; None where NeMo does not say it.

    The score of a CTC model counts frames, not tokens. That of a transducer counts the durations of TDT in, and is made
    of what no softmax has seen when it comes from a GPU: its tokens' confidences are taken, where they were asked for.
    """
    if layout == "aed":
        tokens, score = token_ids(hypothesis), math.nan if hypothesis.score is None else float(hypothesis.score)
        return score / len(tokens) if tokens and math.isfinite(score) and score <= 0 else None
    if _is_ctc(hypothesis):
        scores = [span.score for span in token_spans(hypothesis)]
    else:
        scores = [float(score) for score in hypothesis.token_confidence or ()]
    return sum(math.log(max(score, LEAST)) for score in scores) / len(scores) if scores else None


def token_spans(hypothesis: Any) -> list[Span]:
    """Return the tokens with the frames in which they were recognised.

    Args:
        hypothesis: of a CTC model, or of a transducer with the confidences of its tokens, and durations if it is TDT.
    """
    if _is_ctc(hypothesis):
        from asr_plugins.transformers_models.ctc import best_tokens

        log_probs = hypothesis.y_sequence.float().cpu().numpy()
        return best_tokens(log_probs, log_probs.shape[-1] - 1)
    tokens, firsts = hypothesis.y_sequence.tolist(), hypothesis.timestamp.tolist()
    durations = hypothesis.token_duration.tolist() or [1] * len(tokens)
    rows = zip(tokens, firsts, durations, hypothesis.token_confidence, strict=True)
    return [Span(token, first, first + max(duration, 1), float(score)) for token, first, duration, score in rows]


def keep_durations(network: Any) -> None:
    """Have a TDT network that decodes with durations note the right ones.

    In a batch NeMo 3.0 notes for a clip that has found its token the duration of what the others go on to find, unless
    it notes every step of the search, blanks too. `preserve_alignments` would make it, but keeps all logits as well.
    """
    search: Any = getattr(network.decoding.decoding, "decoding_computer", None)
    if search is not None and getattr(search, "include_duration", False):
        search.record_all_steps = True


def place_words(hypothesis: Any, decode: Decode, clip: Clip, frame_seconds: float) -> tuple[Word, ...]:
    """Return the words of a hypothesis with their times in the clip and the mean confidence of their tokens.

    Args:
        hypothesis: as `token_spans` wants it.
        decode: NeMo's own way from tokens to text.
    """
    from asr_plugins.transformers_models.edges import find_edges

    words = hypothesis.text.split()
    owned = _share(token_spans(hypothesis), len(words), decode)
    frames, past = [], 0
    for own in owned:
        first, past = (own[0].first, own[-1].past) if own else (past, past)
        frames.append((first * frame_seconds, past * frame_seconds))
    edges = find_edges(frames, clip.samples)
    return tuple(
        Word(word, start, end, _confidence(own)) for word, own, (start, end) in zip(words, owned, edges, strict=True)
    )


def _share(spans: Sequence[Span], count: int, decode: Decode) -> list[list[Span]]:
    """Return the tokens of each word of a text.

    What a token adds to the text is seen by decoding its word up to there, which is right for any tokenizer: pieces,
    letters, signs that move to the word before them, tokens that are no text.
    """
    owned: list[list[Span]] = [[] for _ in range(count)]
    tokens = [span.token for span in spans]
    first = word = 0  # where the word began, and its number
    before = ""
    for number, span in enumerate(spans):
        said = decode(tokens[first : number + 1]).strip()
        if said in ("", before):
            continue
        more = len(said.split()) - 1
        owned[min(word + more, count - 1)].append(span)
        if more:
            first, word = number, word + more
            said = decode([span.token]).strip()
        before = said
    return owned


def _confidence(spans: Sequence[Span]) -> float | None:
    if not spans:
        return None
    return round(min(max(sum(span.score for span in spans) / len(spans), 0.0), 1.0), 4)


def _is_ctc(hypothesis: Any) -> bool:
    """Tell whether the tokens are log probabilities (frames, tokens), with the blank last, as CTC models leave them."""
    return getattr(hypothesis.y_sequence, "ndim", 1) == 2
