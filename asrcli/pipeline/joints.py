"""Where two clips meet: a sentence begins with a capital after a full stop, as it does within a clip.

An engine that recognises a clip by itself may end it with a full stop where the speaker goes on, and begin the next one
with a small letter. What is settled is never taken back, so the next one changes.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asrcli.types import Segment

# Abbreviations that a sentence goes on behind, as those in it are written.
ABBREVIATIONS = frozenset(
    f"{one}."
    for one in (
        "mr mrs ms mx dr st prof rev hon capt col gen lt sgt sen gov jr sr inc ltd co corp dept est approx vs etc no "
        "fig vol pp eds al mt ft ave blvd jan feb apr jun jul aug sept sep oct nov dec bzw usw ca evtl ggf inkl exkl "
        "zzgl nr hr fr str abs bd jh sog vgl okt dez mrd sra srta dra uds pág núm mme mlle env janv févr juil déc dott "
        "avv pag ecc dhr mevr bijv enz np itd itp tzn tzw ul např tzv apod atd esim jne dvs osv kl stb kb vb bkz dll "
        "dsb ул см руб тыс млн млрд гг др проф стр рис тел κλπ"
    ).split()
) | {"e.g.", "i.e.", "z.b.", "t.ex.", "f.eks."}
# A full stop behind a word; not behind a number ("am 3. mai"), a single letter ("J. smith") or another full stop.
STOPPED = re.compile(r"(?:^|\s)[\"“„«‘(\[]*(\S*[^\W\d_]{2}[.։]|[a-z]+\s+I\.)[\"'”“’»›)\]]*\s*$")
ANSWER = re.compile(r"(?:^|[.?!…]\s)\W*no\.\W*$", re.IGNORECASE)  # a sentence of its own; elsewhere it is "number"
FIRST = re.compile(r"\s*[¿¡\"“„«(\[]*\s*[^\W\d_]+")


def capitalised(before: str, text: str, language: str | None = None) -> str:
    """Return a text with a capital where it begins with a word in small letters and `before` ends with a full stop."""
    stopped, first = STOPPED.search(before), FIRST.match(text)
    if not stopped or not first or (stopped[1].lower() in ABBREVIATIONS and not ANSWER.search(before)):
        return text
    at = next(place for place, char in enumerate(text) if char.isalpha())
    if not text[at : first.end()].islower():
        return text
    # Titlecase: Georgian has capitals that no sentence begins with.
    capital = "İ" if text[at] == "i" and language in ("tr", "az") else text[at].title()
    if language == "nl" and text.startswith("ij", at):
        return f"{text[:at]}IJ{text[at + 2 :]}"
    return text[:at] + capital + text[at + 1 :] if len(capital) == 1 else text


def joined(before: str, segment: Segment) -> Segment:
    """Return a segment likewise, with its words."""
    return respelled(segment, capitalised(before, segment.text, segment.language))


def respelled(segment: Segment, text: str) -> Segment:
    """Return a segment with its text in other capitals at the beginning, and its first word likewise."""
    if text == segment.text:
        return segment
    first = tuple(
        replace(word, text=text[: len(word.text)]) if segment.text.startswith(word.text) else word
        for word in segment.words[:1]
    )
    return replace(segment, text=text, words=first + segment.words[1:])
