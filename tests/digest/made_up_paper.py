"""A paper that nobody wrote, as arXiv's HTML, as PDF and as text: the same words in each."""

from __future__ import annotations

import textwrap

TITLE = "Lark: Streaming Speech Recognition with a Look-Ahead of One Frame"
ABSTRACT = (
    "We present Lark, a streaming automatic speech recognition (ASR) model that looks ahead by one frame. "
    "On LibriSpeech test-other, Lark achieves a word error rate (WER) of 4.1%, surpassing the best open model of 4.9% "
    "with a 16.3% relative reduction."
)
# Heading -> paragraphs. Traps: what others reach, in the introduction, in prior work and in a caption.
SECTIONS = (
    ("1", "Introduction", (
        "Streaming recognisers must answer before a sentence is over. Swift [1] reaches a WER of 2.2% on LibriSpeech "
        "test-other without streaming.",
    )),
    ("2", "Related Work", (
        "We propose nothing here. Gull [2] achieves a WER of 1.7% on AMI and outperforms all others by 12.5%.",
    )),
    ("3", "Experiments", (
        "Lark is trained on 9,000 hours of read speech in 14 languages. We use Finch [3] as the pre-trained encoder.",
        "We evaluate our model on LibriSpeech and TED-LIUM. The numbers of other models are taken from their reports.",
    )),
    ("4", "Results", (
        "As Table 1 shows, Lark achieves a WER of 4.1% on LibriSpeech test-other and 3.6% on TED-LIUM.",
        "Without the look-ahead, the error of our model rises to 5.3%.",
    )),
    ("5", "Limitations", ("Our model does not recognise whispered speech. It costs more memory than Swift.",)),
    ("6", "Conclusion", (
        "Our results suggest that a look-ahead of one frame is enough for captions. "
        "In the future, we will try more languages.",
    )),
)  # fmt: skip
CAPTION = "Our model reaches a WER of 0.7% when it cheats."
ROWS = (("Swift", "2.2", "3.9"), ("Open best", "4.9", "4.4"), ("Lark", "4.1", "3.6"))
REFERENCES = (
    "A. Wren. Swift: a model that reaches 1.4% WER on LibriSpeech. In Proc. 2024.",
    "B. Crow. We propose to reduce WER by 60.5% on AMI. arXiv:2301.00001, 2023.",
    "C. Tern. Finch: encoders for speech. In Proc. 2022.",
)
NEVER = ("1.4", "1.7", "60.5", "12.5", "0.7%")  # of others, or of a caption: evidence of nothing


def as_html() -> str:
    """Return the page in the shape of arXiv's (LaTeXML)."""

    def cite(text: str) -> str:
        for number in range(1, len(REFERENCES) + 1):
            link = f'<a href="#bib.bib{number}" title="" class="ltx_ref">{number}</a>'
            text = text.replace(f"[{number}]", f'<cite class="ltx_cite ltx_citemacro_cite">[{link}]</cite>')
        return text

    parts = []
    for number, name, paragraphs in SECTIONS:
        parts.append(
            f'<section id="S{number}" class="ltx_section"><h2 class="ltx_title ltx_title_section">'
            f'<span class="ltx_tag ltx_tag_section">{number} </span>{name}</h2>'
        )
        if name == "Results":
            cells = "".join(
                f'<tr class="ltx_tr"><th class="ltx_td ltx_th">{row[0]}</th>'
                + "".join(f'<td class="ltx_td">{cell}</td>' for cell in row[1:]) + "</tr>"
                for row in ROWS
            )  # fmt: skip
            parts.append(
                '<figure class="ltx_table" id="S4.T1"><figcaption class="ltx_caption"><span class="ltx_tag '
                f'ltx_tag_table">Table 1: </span>{CAPTION}</figcaption><table class="ltx_tabular"><thead>'
                '<tr><th rowspan="2">Model</th><th colspan="2">WER (%)</th></tr>'
                f"<tr><th>test-other</th><th>TED-LIUM</th></tr></thead><tbody>{cells}</tbody></table></figure>"
            )
        parts += [f'<div class="ltx_para"><p class="ltx_p">{cite(one)}</p></div>' for one in paragraphs]
        parts.append("</section>")
    entries = "".join(
        f'<li id="bib.bib{number}" class="ltx_bibitem"><span class="ltx_tag ltx_tag_bibitem">[{number}]</span>'
        f'<span class="ltx_bibblock"> {entry}</span></li>'
        for number, entry in enumerate(REFERENCES, 1)
    )
    return (
        f"<!DOCTYPE html><html lang='en'><head><title>{TITLE}</title><script>alert(1)</script></head><body>"
        f'<nav>Contents 9.9%</nav><article class="ltx_document"><h1 class="ltx_title ltx_title_document">{TITLE}</h1>'
        '<div class="ltx_authors">A. Author, 77.7% of it</div>'
        f'<div class="ltx_abstract"><h6 class="ltx_title">Abstract</h6><p class="ltx_p">{ABSTRACT}</p></div>'
        f'{"".join(parts)}<section class="ltx_bibliography"><h2 class="ltx_title">References</h2>'
        f'<ul class="ltx_biblist">{entries}</ul></section></article></body></html>'
    )


def as_lines() -> list[str]:
    """Return what a PDF's text is: lines of one width, words cut at their ends, the table among the text."""
    lines = [*textwrap.wrap(TITLE, 60), "A. Author", "Abstract", *cut(ABSTRACT)]
    for number, name, paragraphs in SECTIONS:
        lines.append(f"{number} {name}")
        for at, paragraph in enumerate(paragraphs):
            lines += cut(paragraph)
            if name == "Results" and at == 0:
                lines += [*cut(f"Table 1: {CAPTION}"), "Model test-other TED-LIUM", *(" ".join(row) for row in ROWS)]
    lines.append("References")
    for number, entry in enumerate(REFERENCES, 1):
        lines += cut(f"[{number}] {entry}")
    return lines


def cut(text: str) -> list[str]:
    """Return lines of 60 characters, with hyphens where a long word would not fit."""
    lines, line = [], ""
    for word in text.split():
        if len(line) + 1 + len(word) <= 60:
            line = f"{line} {word}".strip()
        elif len(word) > 9 and word.isalpha() and len(line) < 52:
            lines.append(f"{line} {word[:5]}-")
            line = word[5:]
        else:
            lines.append(line)
            line = word
    return [*lines, line]


def as_pdf(lines: list[str]) -> bytes:
    """Return a PDF of one page, written by hand, the first line larger, and "**Heading** text" in two fonts."""
    body = " ".join(f"{shown(line)} T*" for line in lines[1:])
    stream = f"BT /F1 16 Tf 40 780 Td 14 TL ({escaped(lines[0])}) Tj T* /F1 10 Tf {body} ET".encode(
        "latin-1", "replace"
    )
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 1200]/Contents 4 0 R/Resources<</Font<</F1 5 0 R/F2 6 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Type/Font/Subtype/Type1/BaseFont/ABCDEF+NimbusRomNo9L-Medi>>",
    ]  # fmt: skip
    out, places = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj%s endobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + b"xref\n0 7\n0000000000 65535 f \n%strailer<</Size 7/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (
        table,
        len(out),
    )


def shown(line: str) -> str:
    """Return a line as a PDF shows it."""
    if not line.startswith("**"):
        return f"({escaped(line)}) Tj"
    _, heading, rest = line.split("**", 2)
    return f"/F2 10 Tf ({escaped(heading)}) Tj /F1 10 Tf ({escaped(rest)}) Tj"


def escaped(text: str) -> str:
    """Return a text for a PDF's string."""
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
