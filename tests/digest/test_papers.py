"""Pages about one paper: what is read of each kind of file, what the card says, and how it is checked."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import made_up_paper as made
import pytest
from recordings import ABSTRACT, answer, task, whole_day

from asrcli.cli.commands.digest import daily, publish
from asrcli.digest.pages.paper import SECTIONS, paper_html, paper_markdown
from asrcli.digest.papers.card import Card, card_of, terms_of
from asrcli.digest.papers.evidence import headline_of
from asrcli.digest.papers.fetch import citations, read_whole_paper
from asrcli.digest.papers.files import card_problems, write_card
from asrcli.digest.papers.hypertext import read_html
from asrcli.digest.papers.lines import _Words, from_lines
from asrcli.digest.papers.own import alone, own_result
from asrcli.digest.papers.reading import Part, Reading, Sentence, Table, part_of, read_file
from asrcli.digest.papers.tables import links_of
from asrcli.digest.run import load_edition
from asrcli.digest.sentences import Span
from asrcli.digest.sources import Task
from asrcli.errors import CheckFailed, InputError
from asrcli.web.client import Answer, RecordedWeb, write_record

KINDS = ("html", "pdf", "txt")


@pytest.fixture(params=KINDS)
def reading(request, tmp_path) -> Reading:
    """The made-up paper in one of the three kinds of files."""
    path = tmp_path / f"paper.{request.param}"
    if request.param == "html":
        path.write_text(made.as_html())
    elif request.param == "pdf":
        pytest.importorskip("pypdf")
        path.write_bytes(made.as_pdf(made.as_lines()))
    else:
        path.write_text("\n".join([made.TITLE, *made.as_lines()[2:]]))
    return read_file(path)


def said(card: Card, section: str) -> list[str]:
    """What a section of a card says."""
    return [line.text for line in card.lines if line.section == section]


def page_of(reading: Reading) -> str:
    """The page of what was read."""
    return paper_markdown(card_of(reading, "x"))


def asking(*answers: Answer) -> Task:
    """A task with recorded answers."""
    return replace(task(), web=RecordedWeb(answers))


# --- the card ---


def test_the_card_of_a_paper_says_what_its_authors_claim(reading):
    """Expected by reading the made-up paper; the same from HTML, PDF and text."""
    card = card_of(reading, "x")
    assert reading.title.startswith("Lark: Streaming Speech Recognition")
    assert said(card, "headline") == ["Reports 4.1% WER on LibriSpeech test-other, against 4.9% (the best open model)."]
    assert said(card, "did") == [made.ABSTRACT.split(" On ")[0]]
    assert said(card, "carries") == [
        "As Table 1 shows, Lark achieves a WER of 4.1% on LibriSpeech test-other and 3.6% on TED-LIUM."
    ]
    assert said(card, "follows") == ["Our results suggest that a look-ahead of one frame is enough for captions."]
    assert {line.note: line.text for line in card.lines if line.section == "rests"} == {
        "data": "Lark is trained on 9,000 hours of read speech in 14 languages.",
        "tests": "We evaluate our model on LibriSpeech and TED-LIUM.",
        "others' numbers": "The numbers of other models are taken from their reports.",
        "starting point": "We use Finch [3] as the pre-trained encoder.",
    }  # fmt: skip
    assert said(card, "wrong") == [
        "A WER of 4.9% or more on LibriSpeech test-other, when somebody else scores the same system there."
    ]
    assert said(card, "limits") == ["Our model does not recognise whispered speech."]
    assert [(term.short, term.long) for term in card.terms] == [
        ("ASR", "automatic speech recognition"),
        ("WER", "word error rate"),
    ]
    assert [(one.label, one.quote) for one in card.cited] == [("3", "We use Finch [3] as the pre-trained encoder.")]


def test_numbers_of_others_of_captions_and_of_references_are_no_evidence(reading):
    card = card_of(reading, "x")
    assert len(reading.references) == 3 and "without its references" in reading.what
    for page in (paper_markdown(card), paper_html(card)):
        assert not [number for number in made.NEVER if number in page]
    assert {one.value for one in card.numbers if one.metric == "WER"} >= {"4.1 %", "3.6 %"}
    assert "2.2" not in " ".join(one.value for one in card.numbers)


def test_numbers_are_linked_to_the_cells_that_hold_them(reading):
    card = card_of(reading, "x")
    column = ", WER (%) test-other" if reading.what.startswith("HTML") else ", test-other"
    links = {link.number: link.place for line in card.lines for link in line.links}
    assert links["4.1"] == f"Table 1, Lark{column}" and links["4.9"] == f"Table 1, Open best{column}"
    assert links["3.6"].startswith("Table 1, Lark") and links["3.6"].endswith("TED-LIUM")
    assert "16.3" not in links  # a change; and 5.3 stands in no table


def test_every_quote_has_its_place_and_every_sentence_of_ours_its_quote(reading):
    card = card_of(reading, "x")
    for line in card.lines:
        assert reading.text[line.start : line.end] == line.quote
        assert not line.own or set(re.findall(r"\d+\.\d+", line.text)) <= set(re.findall(r"\d+\.\d+", line.quote))
    for term in card.terms:
        assert reading.text[term.start : term.end] == term.long
    page = paper_markdown(card)
    for section, (heading, _) in SECTIONS.items():
        assert f"## {heading}" in page, section
    assert page.count("*(in our words)*") == 2 and "rebuttal" not in page.lower()


def test_an_abstract_alone_says_so_and_nothing_of_what_was_not_read():
    page = page_of(Reading("A title", ABSTRACT, "abstract", "https://arxiv.org/abs/2604.1", "2604.1"))
    quotes = re.findall(r"“(.*)” \[(?:\w+, )?(\d+)–(\d+)\]", page)
    assert len(quotes) >= 3
    for quote, start, end in quotes:
        assert ABSTRACT[int(start) : int(end)] == quote.replace("\\", "")
    assert f"Read: abstract, {len(ABSTRACT)} characters" in page and "Nothing is said here" in page
    assert "Nothing is said here" not in page_of(Reading("T", ABSTRACT, "text file"))


def test_where_nothing_can_be_known_nothing_is_said():
    page = page_of(Reading("T", "Speech is hard. Many systems have been proposed for it over the years.", "abstract"))
    assert "No sentence that states a claim was found." in page and "“" not in page
    assert "Nothing that was read sets the authors' own error rate on a named test." in page


def test_what_is_not_found_does_not_contradict_the_headline():
    """Below "Harbour reaches 14.2% WER" it said that no result and no number was found."""
    text = (
        "We present Harbour, a recogniser that is adapted with two hours of calls. On the public PortTalk test set "
        "Harbour reaches 14.2% WER, against 21.9% for Whisper large-v3. We release the code."
    )
    page = page_of(Reading("Harbour: Recognising Ships' Radio", text, "abstract"))
    assert "reaches 14.2% WER" in page.split("##")[1]
    assert (
        "Nothing that was read sets" not in page
        and "No result of" not in page
        and "numbers were found in it." not in page
    )
    assert "No other result of the authors' own" in page and "cannot tell whether a rate in the line at the top" in page


@pytest.mark.parametrize(
    ("sentence", "wanted"),
    [
        (
            "Lark achieves a WER of 3.05%, surpassing the latest SOTA of 3.33% on AMI.",
            "against 3.33% (the latest SOTA).",
        ),
        ("On AMI, Lark achieves a WER of 9.1%, compared to 11.2% for Swift.", ""),  # whose it is comes later: not said
        ("Lark reduces the WER from 7.0% to 5.5% on AMI.", "against 7.0%."),
        ("Lark achieves a WER of 5.0% on AMI, outperforming Swift by 8.4% relative.", ""),
        ("Lark achieves a WER of 5.0% on AMI, outperforming Swift with an 8.4% relative reduction.", ""),
        ("Lark achieves a WER of 5.0% on AMI and 7.1% on TED-LIUM, surpassing Swift with 7.9%.", ""),
        ("Lark achieves a WER of 5.0% on AMI, close to the 4.8% of Swift.", ""),
    ],
)
def test_a_headline_is_set_only_against_what_its_sentence_sets_it_against(sentence, wanted):
    one = Sentence(Span(0, len(sentence)), Part.ABSTRACT, "", sentence)
    found = headline_of([one], frozenset({"lark", "it"}))
    assert found is not None and found.sentence is one
    assert found.said.partition(", ")[2] == wanted if wanted else "against" not in found.said


@pytest.mark.parametrize(
    ("heading", "sentence"),
    [
        ("Results", "Swift [1] achieves a WER of 1.9% on AMI."),
        ("Results", "Our previous work achieves a WER of 1.9% on AMI."),
        ("Results", "Many systems have been proposed to improve the WER by 12.5%."),
        ("Results", "We cannot see the gain of 1.9% that Swift achieves with our model."),
        ("Results", "To do so, we ran the reduced-only test in Experiment 1 with our model."),
        ("Results", "Model Size Depth Width Heads Layers Params Lark achieves a WER of 1.9% on AMI."),
        ("Results", "(3) Lark can further reduce the error rate on AMI."),
        ("Results", "On FLEURS (82 languages), it achieves an accuracy of 97.2%."),
        ("Results", "Combining this strategy with Lark improves the WER to 6.7%."),
        ("Related Work", "We show that Lark achieves a WER of 1.9% on AMI."),
        ("Experiments", "Swift’s training data holds 60,000 hours of podcasts and is used for training."),
        ("Experiments", "Training of our model converged after 2 hours on a GPU."),
        ("Experiments", "We evaluate our model on a NVIDIA RTX-4090."),
        ("Experiments", "The baselines are initialised with the weights of Swift."),
        ("Limitations", "We use a filter that drops clips that do not fit, thereby improving the quality."),
        ("Acknowledgements", "Our results suggest that funding helps, making it practical."),
    ],
)
def test_what_is_not_the_authors_result_is_not_on_the_card(heading, sentence):
    """Each was quoted once, of a real paper in other words."""
    lines = ["Abstract", "We present Lark, a recogniser of speech.", heading, sentence]
    card = card_of(from_lines(lines, "Lark: A Recogniser", "text file"), "x")
    assert [line.text for line in card.lines] == ["We present Lark, a recogniser of speech."]


@pytest.mark.parametrize(
    ("quote", "place"),
    [
        ("Lark has 4.1% WER.", "Table 1, Lark, WER"),
        ("Lark has 8.3B parameters.", "Table 1, Lark, Params"),
        ("Lark achieves an 8.3% relative reduction.", ""),  # a size is no change
        ("Table 2 shows 5.0% for us.", "Table 2, Mean, WER"),
        ("The error is 5.0% everywhere.", ""),  # in two tables
        ("We start from Lark 5.0 and change it.", ""),  # a version
    ],
)
def test_a_number_is_linked_only_where_one_cell_can_be_meant(quote, place):
    tables = [
        Table("Table 1", "", ("Model", "Params", "WER"), (("Lark", "8.3B", "4.1"), ("Swift", "1.0B", "5.0"))),
        Table("Table 2", "", ("Set", "WER"), (("Mean", "5.0"),)),
    ]
    assert "; ".join(link.place for link in links_of(quote, tables)) == place


def test_an_error_rate_without_its_sign_stands_as_the_paper_has_it():
    text = (
        "We present Lark. On AMI, Lark achieves a word error rate (WER) of 0.985. Lark achieves a WER of 4.1% on TED."
    )
    numbers = card_of(Reading("Lark: A Model", text, "text file"), "x").numbers
    assert [one.value for one in numbers] == ["0.985", "4.1 %"]


def test_numbers_of_others_are_none_of_the_papers_own():
    text = (
        "We present Lark (8.3B parameters), trained on 9,000 hours. It outperforms the latest model with over 12B "
        "parameters. Swift has a WER of 7.5% on AMI. Lark reduces the WER by 12.5% relative. Human listeners "
        "improve the WER by 20.0% relative."
    )
    numbers = card_of(Reading("Lark: A Model", text, "abstract"), "x").numbers
    assert [(one.metric, one.value) for one in numbers] == [
        ("parameters", "8.3 B"),
        ("hours", "9,000"),
        ("WER", "12.5 % (change)"),
    ]


def test_abbreviations_are_explained_by_the_words_that_they_abbreviate():
    text = (
        "We use connectionist temporal classification (CTC) and large language models (LLMs), a corpus (AMI), "
        "the best of all (BOA) and LibriSpeech [21] (LS)."
    )
    assert {term.short: term.long for term in terms_of(text)} == {
        "CTC": "connectionist temporal classification",
        "LLMs": "large language models",
        "BOA": "best of all",
    }


# --- reading ---


@pytest.mark.parametrize(
    ("heading", "parent", "part"),
    [
        ("Related Work", Part.OTHER, Part.PRIOR),
        ("Speech LLMs", Part.PRIOR, Part.PRIOR),  # below prior work
        ("Experimental Results", Part.OTHER, Part.RESULTS),
        ("Experiments", Part.OTHER, Part.METHOD),
        ("Limitations and Future Work", Part.OTHER, Part.LIMITS),
        ("Acknowledgements", Part.OTHER, Part.BACK),
        ("Lark-Large", Part.RESULTS, Part.RESULTS),
    ],
)
def test_sections_are_known_by_their_headings(heading, parent, part):
    assert part_of(heading, parent) is part


def test_words_that_a_line_cut_are_joined_and_hyphens_of_their_own_kept():
    text = (
        "state-of-\nthe-art LLM-\nbased recog-\nnition of FireRed-\nModel, an encoder-decoder with encoder-\n"
        "decoder recognition"
    )
    assert _Words(text).join(text.split("\n")) == (
        "state-of-the-art LLM-based recognition of FireRed-Model, an encoder-decoder with encoder-decoder recognition"
    )


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("the full-\ndepth model of depth, in full", "the full-depth model of depth, in full"),
        ("a self-\nsupervised zero-\nshot model", "a self-supervised zero-shot model"),
        ("a dialect-\nspecific recog-\nnizer", "a dialect-specific recognizer"),
        ("perform-\nance and signifi-\ncantly", "performance and significantly"),  # no halves are words elsewhere
        ("a perfor-\nmance that performance is", "a performance that performance is"),
    ],
)
def test_words_of_two_keep_their_hyphen_at_the_end_of_a_line(text: str, joined: str) -> None:
    assert _Words(text).join(text.split("\n")) == joined


def test_cells_over_several_rows_and_columns_keep_their_columns():
    page = read_html(
        "<html><body><h1>T</h1><p>A text of a paper.</p><table><caption>Table 3: x</caption>"
        "<tr><th rowspan=2>Set</th><th rowspan=2>Model</th><th colspan=2>WER</th></tr>"
        "<tr><th>clean</th><th>other</th></tr>"
        "<tr><td rowspan=2>AMI</td><td>Lark</td><td>1.5</td><td>2.5</td></tr>"
        "<tr><td>Swift</td><td>3.5</td><td>4.5</td></tr>"
        "</table></body></html>",
        "x",
    )
    assert page.tables == (
        Table("Table 3", "x", ("Set", "Model", "WER clean", "WER other"),
              (("AMI", "Lark", "1.5", "2.5"), ("AMI", "Swift", "3.5", "4.5"))),
    )  # fmt: skip
    assert links_of("Swift has 4.5%.", page.tables)[0].place == "Table 3, AMI Swift, WER other"


@pytest.mark.parametrize(
    "markup",
    ["<p>" * 5000 + "x", "<html><p>a<p>b<div><table><td>", "<html>" + "<div>" * 3000 + "<p>deep",
     "<html><p>&#x202e;x</p>", "<html><p>one<!--" + "<!--" * 30000,
     "<html><table><tr><td rowspan=99999 colspan=99999>1.5</table><p>x"],
)  # fmt: skip
def test_broken_pages_are_read_or_refused_in_one_line(markup):
    try:
        found = read_html(markup, "page.html")
    except InputError as error:
        assert "page.html" in str(error)
    else:
        assert "\u202e" not in found.text and all(len(row) <= 30 for table in found.tables for row in table.rows)


def test_what_a_page_runs_or_navigates_is_no_text(reading):
    assert not re.search(r"alert|9\.9%|77\.7%", reading.text)


def test_a_table_of_contents_and_lines_at_the_edges_are_no_text():
    lines = ["Contents", "1 Introduction 2", "2 Results . . . . . . . 9", "Abstract", "We present Lark.",
             "1 Introduction",
             "Speech matters.", "2 Results", "Lark achieves a WER of 5.0%."]  # fmt: skip
    found = from_lines(lines, "", "text file")
    assert [(block.part, block.heading) for block in found.blocks] == [
        (Part.ABSTRACT, "Abstract"),
        (Part.INTRODUCTION, "Introduction"),
        (Part.RESULTS, "Results"),
    ]
    assert not found.tables


PAPER = """A Recogniser
We propose a model. It reaches a WER of 5.2% on LibriSpeech.
{heading}
[1] A. Other. A model that reaches 1.4% WER on LibriSpeech. In Proc. 2024.
[2] B. Other. We propose to reduce WER by 60% on AMI. arXiv:2301.00001.
"""


@pytest.mark.parametrize("heading", ["References", "7. REFERENCES", "# Bibliography", "  References:"])
@pytest.mark.parametrize("kind", ["txt", "pdf"])
def test_the_references_of_a_paper_are_no_evidence(heading, kind, tmp_path):
    text = PAPER.format(heading=heading)
    path = tmp_path / f"paper.{kind}"

    def write(text: str) -> str:
        path.write_bytes(made.as_pdf(text.splitlines()) if kind == "pdf" else text.encode())
        return page_of(read_file(path))

    if kind == "pdf":
        pytest.importorskip("pypdf")
    page = write(text)
    assert "5.2%" in page and "1.4" not in page and "60%" not in page and "without its references" in page
    page = write(text + "Appendix A\nOn AMI our model has a WER of 9.1%.\n")
    assert "| WER | 9.1 % |" in page and "1.4" not in page


def test_a_paper_that_speaks_of_references_is_whole(tmp_path):
    path = tmp_path / "paper.txt"
    path.write_text("A title\nWe compare\nReferences\nwith hypotheses and reach a WER of 5.2% on LibriSpeech.")
    assert "5.2%" in page_of(read_file(path)) and "without" not in read_file(path).what


@pytest.mark.parametrize("rest", [b"", b"1 0 obj<</Type/Catalog/Pages 1 0 R>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"])
def test_a_broken_pdf_is_one_line(tmp_path, rest, logged, capsys):
    """What pypdf says to its logger would come out beside it."""
    pytest.importorskip("pypdf")
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7\n" + rest)
    with pytest.raises(InputError, match="not a PDF that can be read"):
        read_file(tmp_path / "broken.pdf")
    assert not logged and capsys.readouterr().err == ""


def test_a_pdf_is_read_and_says_so(tmp_path):
    pytest.importorskip("pypdf")
    path = tmp_path / "paper.pdf"
    path.write_bytes(
        made.as_pdf(
            ["A Recogniser of Speech", "We propose a model. It reaches a WER of 5.2% on LibriSpeech.",
             "A limitation of our model is that it fails on noise."]
        )
    )  # fmt: skip
    reading = read_file(path)
    assert reading.what == "PDF, pages 1-1 of 1" and "5.2% on LibriSpeech" in reading.text
    assert reading.title == "A Recogniser of Speech"
    page = page_of(reading)
    assert "| WER | 5.2 % |" in page and "fails on noise" in page.partition("## Limits")[2]


@pytest.mark.parametrize(
    ("words", "own"),
    [
        ("On the GCND corpus, Lark outperforms full fine-tuning and LoRA while it updates 9% of the parameters.", True),
        ("Under the same budget, our model reduces the error rate by 12% relative on three test sets.", True),
        ("Experiments on the MER2024 benchmark demonstrate substantial improvements of up to 62.7% in BLEU.", True),
        ("Results show general accuracy gains up to 4.4% over prompting.", True),
        ("Comprehensive experiments confirm the choice, achieving a 14.77% relative reduction in error rate.", True),
        ("Experiments of Li et al. show gains of 4% with prompting of the same model.", False),
        ("Results are shown in Table 4 for 12 languages and five of our models.", False),
        ("Training Details the model is trained with 4% of the data, and improves on it.", False),
    ],
)
def test_results_are_found_wherever_a_sentence_begins(words, own):
    assert (alone(words) and own_result(words, frozenset({"lark"}))) is own


def test_the_heading_of_a_paragraph_is_no_part_of_a_quote(tmp_path):
    """In a PDF only the letters' weight tells them apart."""
    pytest.importorskip("pypdf")
    path = tmp_path / "paper.pdf"
    path.write_bytes(
        made.as_pdf(
            ["Lark: A Recogniser of Speech", "Abstract", "We propose Lark.", "4 Results",
             "**Decoding** Lark with a beam of 8 achieves 4.1% WER on AMI and",
             "needs 3 GB.", "**Main results on AMI** Lark-Large, our larger model, achieves a WER of 3.9%",
             "on AMI.", "**Lark** 4.1 3.9 5.2", "**Lark** is a bird as well, as people know.", "5 Conclusion",
             "We like it."]
        )
    )  # fmt: skip
    reading = read_file(path)
    quotes = [line.quote for line in card_of(reading, "x").lines]
    assert "Lark with a beam of 8 achieves 4.1% WER on AMI and needs 3 GB." in quotes, quotes
    assert "Decoding. Lark with" in reading.text.replace("\n", " ")
    assert reading.tables[0].rows == (("Lark", "4.1", "3.9", "5.2"),) and "Lark is a bird" in reading.text


@pytest.mark.parametrize(
    "data", [b"%PDF-1.4 nonsense", b"", b"only a title", b"%PDF-1.7\n" + b"\xff" * 1000, b"<html></html>"]
)
def test_files_that_cannot_be_read(data, tmp_path):
    pytest.importorskip("pypdf")
    path = tmp_path / "x.pdf"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"x\.pdf"):
        read_file(path)


def test_arxivs_html_is_read_and_where_there_is_none_the_abstract_and_why():
    known = Reading("A title", ABSTRACT, "abstract", "https://arxiv.org/abs/2604.12345", "2604.12345", 2)
    url = "https://arxiv.org/html/2604.12345v2"
    whole = read_whole_paper(asking(answer(url, made.as_html())), known)
    assert whole.what == "HTML, without its references" and whole.whole and whole.title == "A title"
    assert (whole.identity, whole.version, whole.url) == ("2604.12345", 2, known.url)
    for body, status, why in (
        ("no", 404, "HTTP 404"),
        ("<html></html>", 200, "holds no paper"),
        ("%PDF", 200, "not a page"),
    ):
        part = read_whole_paper(asking(answer(url, body, status=status)), known)
        assert part.text == ABSTRACT and not part.whole and why in part.what
        assert why in page_of(part)


def test_citations_are_listed_and_their_failure_is_said():
    later = {"title": "Later <b>", "publicationDate": "2026-05-01", "externalIds": {"ArXiv": "2605.00001"}}
    earlier = {"title": "Earlier", "publicationDate": "2026-04-20", "externalIds": None}
    body = json.dumps({"data": [{"citingPaper": later}, {"citingPaper": earlier}, None, {"citingPaper": 3}]})
    asked = (
        "https://api.semanticscholar.org/graph/v1/paper/ARXIV:2604.1/citations"
        "?fields=title,externalIds,publicationDate&limit=1000"
    )
    lines = citations(asking(answer(asked, body)), "2604.1")
    assert lines[0].startswith("2 papers") and "Later \\<b\\>" in lines[1] and "2026-04-20 Earlier" in lines[2]
    assert citations(task(), "2604.1")[0].startswith("Could not be read")


# --- the files ---


@pytest.fixture
def written(tmp_path):
    """A folder with the page of the made-up paper."""
    (tmp_path / "lark.html").write_text(made.as_html())
    write_card(tmp_path / "out", read_file(tmp_path / "lark.html"), "lark")
    return tmp_path / "out"


def test_the_same_paper_gives_the_same_bytes(written, tmp_path):
    before = {path: path.read_bytes() for path in written.rglob("*.*") if path.is_file()}
    write_card(written, read_file(tmp_path / "lark.html"), "lark")
    assert {path: path.read_bytes() for path in written.rglob("*.*") if path.is_file()} == before
    assert card_problems(written, "lark") == ([], [], True)


@pytest.mark.parametrize("name", ["papers/lark.md", "papers/lark.html", "papers/lark.json", "cache/papers/lark.json"])
def test_one_changed_digit_does_not_verify(written, name, capsys):
    path = written / name
    path.write_text(path.read_text().replace("4.1%", "4.2%"))
    assert card_problems(written, "lark")[0]
    with pytest.raises(CheckFailed, match="1 of 1 pages of papers"):
        daily.verify(None, written)
    assert "lark" in capsys.readouterr().err


def test_a_number_of_ours_that_its_quote_lacks_does_not_verify_without_the_text_either(written):
    (written / "cache/papers/lark.json").unlink()
    assert card_problems(written, "lark") == ([], [], False)
    path = written / "papers/lark.json"
    path.write_text(path.read_text().replace("Reports 4.1% WER", "Reports 3.1% WER"))
    assert "papers/lark: the number 3.1 is not in its quote" in card_problems(written, "lark")[0]


def test_what_the_page_could_not_be_checked_with_is_said(written, capsys):
    (written / "cache/papers/lark.json").unlink()
    daily.verify(None, written)
    told = capsys.readouterr()
    assert "against its own JSON alone" in told.err and told.out == "papers/lark\tok\n"
    (written / "papers/lark.json").write_text("{}")
    with pytest.raises(CheckFailed):
        daily.verify(None, written)
    assert "not a page of a paper" in capsys.readouterr().err


def test_a_day_links_the_pages_of_its_papers_and_verifies(run, out, capsys):
    edition = run(whole_day())
    identity = edition.papers[0].id.partition(":")[2]
    publish.paper(identity, out, None, True, False, force=False)
    for kind in ("md", "html"):
        assert (out / f"papers/{identity}.{kind}").is_file()
        assert f"../papers/{identity}.{kind}" in (out / "daily" / f"{edition.day}.{kind}").read_text()
    assert load_edition(out, edition.day) == edition
    capsys.readouterr()
    daily.verify(None, out)
    assert f"papers/{identity}\tok" in capsys.readouterr().out
    run(whole_day())  # again: the link stays
    daily.verify(None, out)


def test_titles_and_quotes_are_text_on_the_page():
    hostile = "<script>alert(1)</script> [x](javascript:alert(1))"
    reading = Reading(hostile, f"We present Lark {hostile}. It is a model.", "abstract", "javascript:alert(1)")
    page = paper_html(card_of(reading, "x"))
    assert "<script" not in page and 'href="javascript' not in page and "Content-Security-Policy" in page
    assert not re.search(r"(?<!\\)<script", page_of(reading)) and not re.search(
        r"(?<!\\)\]\(javascript", page_of(reading)
    )


def test_what_a_page_of_a_stranger_holds_is_text_in_every_part_of_the_card(tmp_path):
    bad = "&lt;img src=x onerror=alert(1)&gt;|`[a](javascript:b)&#x202e;"
    page = made.as_html().replace("Open best</th>", f"Open best {bad}</th>").replace("test-other</th>", f"{bad}</th>")
    page = page.replace("C. Tern.", f"C. Tern {bad}.").replace(">Results<", f">Results {bad}<")
    card = card_of(read_html(page, "x"), "x")
    assert "onerror" in json.dumps([link.row for line in card.lines for link in line.links])
    assert any("onerror" in one.entry for one in card.cited) and any("onerror" in line.heading for line in card.lines)
    html, markdown = paper_html(card), paper_markdown(card)
    assert "<img" not in html and "\u202e" not in html + markdown
    assert not re.search(r"(?<!\\)<img|(?<!\\)\]\(javascript|(?<!\\)`", markdown)
    rows = [line for line in markdown.splitlines() if line.startswith("| WER")]
    assert rows and all(len(re.findall(r"(?<!\\)\|", row)) == 5 for row in rows)


def test_a_paper_of_the_digest_is_read_whole_from_a_recorded_answer(run, out, tmp_path):
    paper = run(whole_day()).papers[0]
    identity = paper.id.partition(":")[2]
    url = f"https://arxiv.org/html/{identity}v1"
    write_record(tmp_path / "answers", url, answer(url, made.as_html()), "2026-04-17T12:00:00Z")
    publish.paper(identity, out, tmp_path / "answers", False, False, force=False)
    page = (out / f"papers/{identity}.md").read_text()
    assert "Read: HTML, without its references" in page
    assert "against 4.9% (the best open model)" in page and f"arXiv:{identity}v1" in page.replace("\\", "")
    daily.verify(None, out)
