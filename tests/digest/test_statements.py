"""What the digest says in its own words, on sentences that were labelled by hand (`data/README.md`)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from asrcli.digest.board import Best
from asrcli.digest.items import Item, Kind, is_withdrawn
from asrcli.digest.latex import as_text
from asrcli.digest.phrases import find
from asrcli.digest.settings import Settings
from asrcli.digest.statements import statements
from asrcli.digest.statements.best import claims_best
from asrcli.digest.statements.levels import own_levels
from asrcli.digest.statements.names import names_of
from asrcli.digest.statements.rates import rates_of
from asrcli.digest.statements.words import FIELD, HEADS, KINDS, MANNER

DATA = Path(__file__).parent / "data"
PRECISION = 0.98
TITLE, INTRODUCED = "Foo-ASR: a recogniser", "We propose Foo-ASR, a streaming recogniser. "
BOARD = (Best("librispeech-other", "LibriSpeech test-other", "org/best", 2.37, "2026-03-26"),)


def labelled(half: str) -> Iterator[dict]:
    name = "fresh.jsonl" if half == "fresh" else "sentences.jsonl"
    for line in (DATA / name).read_text("utf-8").splitlines():
        row = json.loads(line)
        if row.get("half", "fresh") == half:
            yield row


def letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def same_test(said: str, labelled_as: str) -> bool:
    """A test is right when it names what the label names; where there is none, none may be named, and the reverse."""
    if not said or not labelled_as:
        return said == labelled_as
    return letters(labelled_as) in letters(said) or letters(said) in letters(labelled_as)


def judge_levels(half: str) -> tuple[int, int, int]:
    """Return how many levels are right, how many wrong, and how many were not said."""
    right = wrong = missing = 0
    for row in labelled(half):
        left = list(row["levels"])
        for level in own_levels(row["text"], names_of(row["title"], f"{row['before']} {row['text']}")):
            found = next(
                (
                    one
                    for one in left
                    if one[0] == level.metric and abs(one[1] - level.value) < 1e-6 and same_test(level.test, one[2])
                ),
                None,
            )
            if found:
                left.remove(found)
                right += 1
            else:
                wrong += 1
        missing += len(left)
    return right, wrong, missing


def judge_claims(half: str) -> tuple[int, int, int]:
    """The same for claims of the state of the art."""
    said = [
        (claims_best(row["text"], names_of(row["title"], f"{row['before']} {row['text']}")), row["best"] == "own")
        for row in labelled(half)
    ]
    return said.count((True, True)), said.count((True, False)), said.count((False, True))


@pytest.mark.parametrize(
    ("half", "enough"),
    [("fresh", 55), *(pytest.param(*one, marks=pytest.mark.slow) for one in (("development", 28), ("unseen", 27)))],
)
def test_own_sentences_are_true(half, enough):
    levels, claims = judge_levels(half), judge_claims(half)
    right, wrong = levels[0] + claims[0], levels[1] + claims[1]
    assert right >= enough and right / (right + wrong) >= PRECISION, (levels, claims)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("half", "levels", "claims"),
    [("development", 0.33, 0.43), ("unseen", 0.3, 0.5)],
)
def test_not_everything_is_left_unsaid(half, levels, claims):
    """The shares that `docs/digest.md` names."""
    (right, _, missing), (claimed, _, unclaimed) = judge_levels(half), judge_claims(half)
    assert right / (right + missing) >= levels and claimed / (claimed + unclaimed) >= claims


def test_the_labelled_set_is_what_its_readme_says():
    rows = [json.loads(line) for line in (DATA / "sentences.jsonl").read_text("utf-8").splitlines()]
    real = [row for row in rows if not row["id"].startswith("made-")]
    assert len(real) >= 400 and len({row["text"] for row in rows}) == len(rows)
    assert all((int(row["id"][-1]) % 2 == 0) == (row["half"] == "development") for row in real)
    assert {row["role"] for row in rows} == {"own", "change", "baseline", "human", "hypothesis", "other", "none"}


def test_words_with_a_hyphen_are_whole():
    """Lists of words that were wrapped at hyphens had "well-" and "established": neither is a word of a sentence."""
    torn = {word for word in (*HEADS, *KINDS, *FIELD, *MANNER) if word.endswith("-")}
    assert torn == {"low-", "high-"}  # "low- and high-resource"
    (level,) = own_levels("Our weakly-supervised model achieves a WER of 5.1% on LibriSpeech.", frozenset())
    assert (level.value, level.test) == (5.1, "LibriSpeech")


def said(text: str) -> list[str]:
    return [one.text for one in statements(TITLE, INTRODUCED + text, BOARD)]


@pytest.mark.parametrize(
    "text",
    [
        "A relative reduction of 8.7% in word error rate is seen.",
        "We see a 2-4% WER degradation on LibriSpeech test-other.",
        "Unlike Whisper, which reaches 1.2% WER, ours is small.",
        "Humans reach 5.9% WER on Switchboard.",
        "We hypothesise that our model reaches 2% WER with more data.",
        "The baseline reaches 7.1% WER on AMI.",
        "We compare our model with Canary, which obtains 3.1% WER on LibriSpeech.",
        "Our system achieves a WER/CER of 10.3% and a cpCER of 4.0%.",
        "Our model achieves a concatenated minimum permutation word error rate of 12.1%.",
        "Our attack increases the WER of Whisper to 98%.",
        "Canary is a strong model. It achieves 5.6% WER on AMI.",
        "We evaluate several state-of-the-art systems.",
        "We do not claim the state of the art.",
        "Whisper achieves state-of-the-art performance on our corpus.",
        "Our model is close to the state of the art.",
        "Our model outperforms state-of-the-art systems.",
        "Our model improves the WER to 13.7%/23.1% on Switchboard/CallHome.",
        "On AMI and TED-LIUM, Foo-ASR attains 4.7% WER in a day and 2.8% WER in a week respectively.",
        "Foo-ASR leads on both AMI and TED-LIUM, achieving 9.3% WER and 4.5% WER respectively.",
        "On a 12, 500 hour task, Foo-ASR improves the WER from 9.2% to 5.6%.",
        "For three speakers, Foo-ASR achieves 10.6%, 8.5% and 7.0% WER.",
    ],
)
def test_nothing_is_said_of_what_is_not_theirs(text):
    assert said(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Foo-ASR reaches 4.2% WER on AMI, compared to 5.6% WER for Canary.", ["Reports 4.2% WER on AMI."]),
        (
            "It reduces WER from 6.99% to 4.95% on TED-LIUM.",
            ["Reports 4.95% WER on TED-LIUM."],
        ),
        ("Our model reaches a WER of 4,7 % on MLS German.", ["Reports 4,7 % WER on MLS German."]),
        ("Our model obtains a WER of 0.38 on our test set.", ["Reports a WER of 0.38 on test set."]),
        ("Foo-ASR sets a new state of the art on AMI.", ["Claims the state of the art."]),
        ("On the AMI test set we report 8.6% WER.", ["Reports 8.6% WER on AMI test set."]),
        (
            "Foo-ASR achieves WERs of 2.1% and 4.3% on test-clean and test-other.",
            ["Reports 2.1% WER on test-clean; 4.3% WER on test-other."],
        ),
    ],
)
def test_what_is_said(text, expected):
    assert said(text) == expected


def test_the_board_is_set_beside_the_same_test_in_its_language_only():
    best = "on LibriSpeech test-other 2.37 % (org/best)"
    beside = f"The board's lowest WER, data of 2026-03-26, normalised its own way: {best}."
    assert said("Foo-ASR reaches 4.2% WER on LibriSpeech test-other.")[1:] == [beside]
    for other in (
        "Foo-ASR reaches 4.2% WER on Pashto FLEURS.",
        "Foo-ASR reaches 4.2% WER on LibriSpeech test-clean.",
        "Foo-ASR reaches 4.2% WER on average on LibriSpeech.",
        "Foo-ASR reaches 4.2% CER on LibriSpeech test-other.",
        "Our French model reaches 4.2% WER on LibriSpeech test-other.",
        "Foo-ASR reaches 4.2% WER on noisy LibriSpeech test-other.",
    ):
        assert not any("board" in one for one in said(other)), other


def test_every_statement_quotes_its_sentence():
    text = INTRODUCED + "Foo-ASR reaches 4.2% WER on AMI. Foo-ASR sets a new state of the art."
    quotes = [one.quote.of(text) for one in statements(TITLE, text)]
    assert quotes == ["Foo-ASR reaches 4.2% WER on AMI.", "Foo-ASR sets a new state of the art."]


@pytest.mark.parametrize(
    "text", ["5% " * 6000, "from 5% to " * 1800, "We achieve a WER of " * 900, "(" * 19_000, "{" * 19_000]
)
def test_long_texts_are_left_alone(text):
    assert statements("T", text) == () and as_text(text) == text


# --- phrases ---


@pytest.mark.parametrize(
    ("phrase", "text", "words"),
    [
        ("audio language model", "Large audio-language models hear.", "audio-language models"),
        ("speech recognition", "We build speech-recognition systems.", "speech-recognition"),
        ("speech LLM", "Hallucinations in SpeechLLMs.", "SpeechLLMs"),
        ("diarization", "We diarize meetings with many speakers.", "diarize"),
        ("diarisation", "Speaker diarization of meetings.", "diarization"),
        ("speech recognition", "An unsupervised speech recogniser.", "speech recogniser"),
        (
            "speech recognition",
            "Recognition of severely dysarthric speech.",
            "Recognition of severely dysarthric speech",
        ),
        ("speech recognition", "Recognisers of child speech.", "Recognisers of child speech"),
        ("speech recognition", "Recognition of a bird by those who hear no speech.", ""),
        ("speech translation", "We translate speech, and models of it.", ""),
        ("ASR", "ASR systems of speech.", "ASR"),
        ("ASR", "An attack success rate (ASR) of 90% on audio and speech models.", ""),
        ("ASR", "The ASR of the attack is 90%.", ""),
        ("Conformer", "Conformers of molecules are sampled.", ""),
        ("Canary", "Canaries in a mine.", ""),
        ("Whisper", "He whispers softly about speech.", ""),
        ("Whisper", "Whisper transcribes speech.", "Whisper"),
    ],
)
def test_phrases_are_found_in_their_meaning(phrase, text, words):
    assert find(phrase, text) == words


def relevance(which: str, abstracts: dict[str, tuple[str, str]]) -> tuple[float, float]:
    """Return precision and recall of the phrases on labelled papers; those that are open are left out."""
    kept: list[tuple[bool, bool]] = []
    for line in (DATA / "relevance.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        if row["set"] == which and row["label"] != "open":
            title, text = (row["title"], row["text"]) if "title" in row else abstracts[row["id"]]
            kept.append((bool(Settings().matches(title, text)), row["label"] == "yes"))
    both = kept.count((True, True))
    return both / (both + kept.count((True, False))), both / (both + kept.count((False, True)))


def test_a_tool_in_the_title_of_another_field_is_no_subject():
    from asrcli.digest.settings import Settings

    matches = Settings().matches
    assert not matches("Speech emotion recognition with wav2vec 2.0", "We classify how people feel.")
    assert matches("wav2vec 2.0 for Faroese", "We transcribe speech.")
    assert matches("Phoneme recognition for endangered languages", "We recognise phones of 20 languages.")


def test_phrases_find_what_is_about_speech():
    precision, recall = relevance("other", {})
    assert precision >= 0.95 and recall >= 0.95


def test_phrases_on_the_recorded_days(shared):
    from asrcli.digest.sources.feeds import read_feed

    papers = {}
    for path in sorted((shared / "digest/awesome-asr/daily").glob("*.json")):
        for one in json.loads(path.read_text())["papers"]:
            papers.setdefault(one["id"].partition("v")[0], (one["title"], one["abstract"]))
    for entry in read_feed(next((shared / "digest/arxiv-api").glob("*.atom")).read_bytes()).entries:
        papers.setdefault(entry.id.rpartition("/")[2].partition("v")[0], (entry.title, entry.text))
    precision, recall = relevance("recorded", papers)
    assert precision >= 0.95 and recall >= 0.95


# --- texts ---


@pytest.mark.slow
def test_abstracts_made_up_to_mislead_get_no_false_sentence():
    """Written before their answers were looked at: what may be said of each stands beside it."""
    said = 0
    for line in (DATA / "made_up.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        item = Item("arxiv:1", Kind.PAPER, row["title"], "", "arxiv", row["text"])
        found = () if is_withdrawn(item) else statements(row["title"], row["text"])
        levels = " ".join(one.text for one in found if one.kind == "level")
        numbers = re.findall(r"\b\d+(?:[.,]\d+)?(?=\s?%)|(?<=WER of )[\d.,]*\d", levels)
        assert set(numbers) <= set(row["levels"]), row["text"]
        assert row["best"] is not False or all(one.kind != "best" for one in found), row["text"]
        said += len(found)
    assert said >= 180  # silence is not precision


@pytest.mark.parametrize(
    ("sentence", "said"),
    [  # what was said of abstracts that were made up to mislead, before these kinds were known
        ("“Our system has a WER of 5%”, vendors like to say.", []),
        ("Users were told that the system reaches 2% WER.", []),
        ("We report that our system reaches 2% WER on AMI.", ["2% AMI"]),
        ("At a confidence threshold that keeps 80% of the words, our model has a WER of 1.9% on AMI.", []),
        ("Our model achieves a WER of 5.1% on AMI in the best of ten runs.", []),
        ("When silence is removed by hand, our model achieves 8.0% WER on AMI.", []),
        ("When trained on meetings, our model achieves 8.0% WER on AMI.", ["8.0% AMI"]),
        ("On the development set our system achieves a WER of 9.1% on AMI.", []),
        ("We obtain 6.3% WER on AMI by a union of hypotheses if the best is picked by an oracle.", []),
        ("The system achieves a WER of 4.4% on AMI, although its authors report 3.9%.", []),
        ("We report a WER of 3.3% on court recordings as transcribed by stenographers.", []),
        ("A meta-analysis shows that the proposed systems achieve an average WER of 11.2% on AMI.", []),
        ("We achieve 7.1% WER, 0.4% WER better than the best single system, on AMI.", ["7.1% AMI"]),
        ("Our model gets 24.0% WER on LRS3, and 0.9% WER at 0 dB.", ["24.0% LRS3"]),
        ("Our loss reduces the WER gap between groups from 12.8% to 4.1%.", []),
        ("Trained on books and tested on meetings, our model has a WER of 35%.", ["35% meetings"]),
        ("On ten dialects our model has an average WER of 17,2 %.", ["17,2 % ten dialects"]),
        ("Our model has 2.3% WER on test-clean where the original has 2.1%.", ["2.3% test-clean"]),
    ],
)
def test_kinds_of_sentences_that_mislead(sentence, said):
    assert [f"{one.written} {one.test}".strip() for one in own_levels(sentence, frozenset())] == said


@pytest.mark.parametrize(
    ("title", "text"),
    [  # who "it" and a name belong to, and what the next sentence takes back
        ("Audit", "Google released ChirpX last year. ChirpX achieves 4.4% WER on FLEURS."),
        ("Canary: A Critical Evaluation", "Canary is used. Canary achieves 5.6% WER on AMI. We propose a protocol."),
        ("Acorn", "OpenSpeech has released Acorn. We present a study of it. It achieves 4.0% WER on AMI."),
        ("Wren", "We propose Wren. Wren achieves 1.1% WER on AMI. This number is due to a leak of the test set."),
        ("Gorse", "Our model yields a WER of 4.0% on AMI; this includes insertions only."),
        ("Survey", "We review 40 systems. The proposed systems achieve 11.2% WER on average."),
        ("Welsh", "We present Foo-ASR. Experiments show state-of-the-art performance for Whisper on Welsh."),
    ],
)
def test_nothing_is_said_where_the_sentences_around_decide(title, text):
    assert statements(title, text) == ()


def test_a_word_that_no_form_has_leaves_the_sentence_unsaid():
    """What is not foreseen is silence."""
    words = "Our model achieves 5.1% WER on AMI".split()
    for at in range(len(words) + 1):
        text = " ".join([*words[:at], "frobnicatingly", *words[at:]]) + "."
        assert own_levels(text, frozenset()) == (), text


def test_a_claim_between_quotation_marks_is_no_claim():
    claim = "our model achieves state-of-the-art results on AMI"
    assert claims_best(f"In this work {claim}.", frozenset())
    assert not claims_best(f"They write “{claim}”, as all do.", frozenset())


@pytest.mark.parametrize(
    "sentence",
    [
        "We ask how our models achieve state-of-the-art performance with so few errors.",
        "We almost achieve state-of-the-art results.",
        "Our evaluation shows state-of-the-art performance of Canary on meetings.",
        "With oracle diarization, we achieve state-of-the-art results.",
        "We achieved a state-of-the-art result in the 2019 challenge with another system.",
    ],
)
def test_what_claims_no_state_of_the_art_for_this_work(sentence):
    assert not claims_best(sentence, frozenset({"lark"}))
    assert claims_best("Results show state-of-the-art performance of Lark on meetings.", frozenset({"lark"}))


@pytest.mark.parametrize(
    ("sentence", "values"),
    [
        ("Our systems reach 12.0% to 30.5% WER on FLEURS.", []),
        ("Our models have a WER of 12.0%-30.5% on FLEURS.", []),
        ("Our models have a WER between 12.0% and 30.5%.", []),
        ("We reduce the WER from 20.1% to 17.5% on child speech.", [17.5]),
        ("We go from 20.1% (baseline) to 17.5% WER.", [17.5]),
        ("We achieve WERs of 5.1% and 6.2% on A and B.", [5.1, 6.2]),
    ],
)
def test_the_ends_of_a_range_are_no_levels(sentence, values):
    assert [rate.value for rate in rates_of(sentence)] == values


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("a WER of $4.2\\%$ with \\textbf{Foo}", "a WER of 4.2% with Foo"),
        ("10\\% of A_B & C at 5%", "10% of A_B & C at 5%"),
        ("``quoted'' and \\texttt{code}", "“quoted” and code"),
        ("it costs \\$5 or $6", "it costs $5 or $6"),
        ("~3 s, $\\sim$0.02 RTF", "∼3 s, ∼0.02 RTF"),
        ("$p<0.05$, 9$\\times$ faster", "p<0.05, 9× faster"),
        ("no LaTeX: 5% & A_B #1", "no LaTeX: 5% & A_B #1"),
        ("see \\cite{x} and \\unknowncommand", "see and"),
        ("C:\\", "C:\\"),
    ],
)
def test_latex_becomes_text(source, text):
    assert as_text(source) == text


@pytest.mark.parametrize(
    ("text", "tags", "withdrawn"),
    [
        ("This paper has been withdrawn by the authors.", (), True),
        ("We propose a model.", ("comment: Withdrawn due to an error in Table 2",), True),
        ("We study papers that were withdrawn.", (), False),
        ("This article has been removed by arXiv administrators because of a dispute.", (), True),
        ("The authors have withdrawn this paper due to errors in Section 4.", (), True),
        ("We withdraw this paper because of an error.", (), True),
        ("We propose a model.", ("comment: The paper is withdrawn as the results are wrong",), True),
        ("We propose a model.", ("comment: Authors withdraw the paper",), True),
        ("We propose a model.", ("comment: Replaces the withdrawn arXiv:2401.00001",), False),
        ("Consent was withdrawn by two speakers.", (), False),
        ("We withdraw microphones one by one.", (), False),
        ("We propose a model.", ("comment: 5 pages, accepted",), False),
    ],
)
def test_withdrawn_papers(text, tags, withdrawn):
    assert is_withdrawn(Item("arxiv:1", Kind.PAPER, "T", "", "arxiv", text, tags=tags)) is withdrawn


@pytest.mark.parametrize(
    ("title", "withdrawn"),
    [
        ("RETRACTED: One Percent", True),
        ("[Withdrawn] One Percent", True),
        ("Withdrawn patients and their speech", False),
        ("Retracted tongue roots in Akan: a corpus", False),
    ],
)
def test_withdrawn_as_the_title_says(title, withdrawn):
    assert is_withdrawn(Item("arxiv:1", Kind.PAPER, title, "", "arxiv", "We propose a model.")) is withdrawn
