"""Which language a text is plainly in: by its script, and among Latin ones by the commonest small words."""

from __future__ import annotations

import re
from collections import Counter

SCRIPTS = (
    ("ja", "\u3040-\u30ff"), ("ko", "\uac00-\ud7af"), ("zh", "\u4e00-\u9fff\u3400-\u4dbf"), ("ru", "\u0400-\u04ff"),
    ("ar", "\u0600-\u06ff"), ("hi", "\u0900-\u097f"), ("th", "\u0e00-\u0e7f"), ("el", "\u0370-\u03ff"),
    ("he", "\u0590-\u05ff"),
)  # fmt: skip
SMALL_WORDS = {
    "en": "the of and to in that it was is you for with not be are this have on at by from they but had as we",
    "de": "der die und das ist nicht ich zu ein den von mit sie es auf dem eine auch als sich im wir wird",
    "fr": "le la les des et est une dans que qui pour pas sur il elle nous vous au ne ce plus avec sont du",
    "es": "el los las y en que una por con para no se su al lo como más pero muy esta del es un",
    "it": "il di che e la per un non sono una con si gli della mi ha come anche ma le nel del questo",
    "pt": "o os as e que não uma para com do da em um se na no mais por dos foi ao como mas ele",
    "nl": "de het een en van ik te dat die in is niet op met zijn voor er maar hij ook aan was",
}
LEAST_WORDS = 20  # of the text, before its small words say anything
PLAIN_SHARE = 0.08  # of all words; in running text the words above are 25 to 45 %
LEAD = 2.0  # times as many as the next language


def guess_language(text: str) -> str | None:
    """Return the code of the language a text is plainly in; ``None`` when that is not plain."""
    letters = [char for char in text if char.isalpha()]
    if not letters:
        return None
    joined = "".join(letters)
    for code, block in SCRIPTS:
        share = len(re.findall(f"[{block}]", joined)) / len(joined)
        if share > (0.1 if code == "ja" else 0.3):
            return code
    words = re.findall(r"[^\W\d_]+", text.lower())
    if len(words) < LEAST_WORDS:
        return None
    counted = Counter(words)
    ranked = sorted(
        ((sum(counted[word] for word in small.split()) / len(words), code) for code, small in SMALL_WORDS.items()),
        reverse=True,
    )
    (best, code), (second, _) = ranked[:2]
    return code if best >= PLAIN_SHARE and best >= LEAD * second else None
