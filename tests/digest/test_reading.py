"""Sentences, figures, families, topics and ranking on texts whose answer is known."""

from __future__ import annotations

import json
import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asrcli.digest.families import family_name, fold, stem
from asrcli.digest.figures import find_figures
from asrcli.digest.items import Item, Kind, arxiv_id, merge
from asrcli.digest.ranking import Judge, rank, score
from asrcli.digest.sentences import best_spans, split_sentences
from asrcli.digest.settings import Interest, Settings, load_settings
from asrcli.digest.sources.huggingface import papers_of
from asrcli.digest.topics import topic_of
from asrcli.errors import UsageError


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("One. Two! Three?", 3),
        ("Models, e.g. Whisper, reach 5.2 % WER. They are large.", 2),
        ("See Fig. 3 and Smith et al. 2021 for more. Done.", 2),
        ("It costs 1.7B parameters. 3.5 hours suffice.", 2),
        ("这是第一句。这是第二句。", 2),
        ("The answer is no. We stop.", 2),
        ("Model No. 3 wins. We use No. 4 too.", 2),
        ("It is scored by ROUGE-L. During the test it wins.", 2),
        ("Written by A. Example. Done.", 2),
        ("", 0),
    ],
)
def test_sentences(text, count):
    assert len(split_sentences(text)) == count


@settings(max_examples=200)
@given(st.text("abc. A1!?()\"' é。", max_size=200))
def test_sentences_cover_the_text_and_do_not_overlap(text):
    spans = split_sentences(text)
    covered = "".join(span.of(text) for span in spans)
    assert re.sub(r"\s", "", covered) == re.sub(r"\s", "", text)
    assert all(one.end <= other.start for one, other in pairwise(spans))


@pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.slow)])
def test_summaries_are_verbatim_on_real_abstracts(shared, step):
    from asrcli.digest.sources.feeds import read_feed

    atom = next((shared / "digest/arxiv-api").glob("*.atom")).read_bytes()
    entries = read_feed(atom).entries
    assert len(entries) == 124
    for entry in entries[::step]:
        spans = best_spans(entry.text)
        assert spans and len(spans) <= 2
        assert all(entry.text[span.start : span.end] == span.of(entry.text) != "" for span in spans)
        for figure in find_figures(entry.title, entry.text):
            written = entry.text[figure.start : figure.end]
            assert re.fullmatch(r"[\d.,]+", written) and written in figure.quote and figure.quote in entry.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("We reach a WER of 5.2% on test-other.", [("WER", 5.2, False)]),
        ("It obtains 3.24% WER on Common Voice.", [("WER", 3.24, False)]),
        ("A word error rate (WER) of 12.5\\% is reported.", [("WER", 12.5, False)]),
        ("It reduces WER by 12% relative.", [("WER", 12.0, True)]),
        ("A 14.77% relative reduction in character error rate was seen.", [("CER", 14.77, True)]),
        ("It reduces WER from 6.99% to 4.95% there.", [("WER", 6.99, False), ("WER", 4.95, False)]),
        ("A real-time factor (RTF) of 0.005 and an RTFx of 800.", [("RTF", 0.005, False), ("RTFx", 800.0, False)]),
        (
            "A 1.7B-parameter model and a 120M parameters one.",
            [("parameters", 1.7e9, False), ("parameters", 1.2e8, False)],
        ),
        ("Trained on 10,000 hours in 12 languages.", [("hours", 10000.0, False), ("languages", 12.0, False)]),
        ("Spanning 19K hours of speech.", [("hours", 19000.0, False)]),
        ("Accuracy rises to 97.18% and F1 by 3%.", []),
        ("In 2026 we met 40 speakers for 3 weeks.", []),
        ("BERT has 12 layers; the WERewolf 5% tale.", []),
    ],
)
def test_figures(text, expected):
    assert [(one.metric, one.value, one.relative) for one in find_figures("", text)] == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("nvidia/parakeet-tdt-0.6b-v3", "parakeet-tdt-0.6b-v3"),
        ("someone/parakeet-tdt-0.6b-v3-coreml-int8", "parakeet-tdt-0.6b-v3"),
        ("x/whisper-large-v3-turbo-GGUF", "whisper-large-v3-turbo"),
        ("x/whisper-large-v3-turbo-ct2-fp16", "whisper-large-v3-turbo"),
        ("x/Qwen3-ASR-1.7B-mlx-4bit", "qwen3-asr-1.7b"),
        ("x/gguf", "gguf"),
    ],
)
def test_names_of_families(name, expected):
    assert stem(name) == expected


def made(name: str, *tags: str, **signals: float) -> Item:
    return Item(
        f"hf:{name}",
        Kind.MODEL,
        name,
        f"https://huggingface.co/{name}",
        "hf",
        authors=(name.partition("/")[0],),
        tags=tags,
        signals=tuple(signals.items()),
    )


def test_a_base_model_tag_decides_before_the_name():
    assert family_name(made("me/my-finetune", "base_model:quantized:openai/whisper-small")) == "whisper-small"


def test_silent_models_are_counted_and_first_parties_shown():
    judge = Judge(Settings())
    rows, silent = fold(
        rank([made("nvidia/new"), made("nobody/a"), made("nobody/b"), made("some/c", downloads=3.0)], judge)
    )
    assert {row.title for row in rows} == {"nvidia/new", "some/c"} and silent == 2


def test_folding_on_recorded_days(shared):
    """Fifteen conversions of one Parakeet were fifteen rows of a real tracker."""
    rows = models = 0
    for path in sorted((shared / "digest/awesome-asr/daily").glob("*.json")):
        items = [
            made(one["model_id"], downloads=float(one["downloads"]), likes=float(one["likes"]))
            for one in json.loads(path.read_text())["models"]
        ]
        families, silent = fold(rank(items, Judge(Settings())))
        assert sum(family.members for family in families) + silent == len({item.id for item in items}) + len(
            items
        ) - len({item.id for item in items})
        rows, models = rows + len(families), models + len(items)
    assert models > 2000 and rows < 0.62 * models  # 42 % nobody used, and conversions are folded


def test_ranking_prints_its_reasons_and_follows_the_interests():
    paper = Item(
        "arxiv:1",
        Kind.PAPER,
        "Streaming recognition",
        "",
        "arxiv",
        "We propose a streaming model. Our model reaches 5% WER. Streaming helps.",
        ("Ada Example",),
    )
    other = Item("arxiv:2", Kind.PAPER, "Music", "", "arxiv", "Notes about music.")
    judge = Judge(Settings(interests=(Interest("streaming", 2.0),), authors=("ada example",), mute=("music",)))
    first, last = rank([other, paper], judge)
    assert first.item is paper and last.score < 0
    assert [reason.text for reason in first.reasons] == [
        "matches “Streaming”",
        "author Ada Example",
        "gives numbers",
    ]
    assert first.score == pytest.approx(sum(reason.points for reason in first.reasons))
    assert "muted: “music”" in [reason.text for reason in last.reasons]


@settings(max_examples=50)
@given(st.lists(st.text("abc streaming", max_size=60), max_size=6))
def test_a_score_depends_on_its_own_item_alone(texts):
    paper = Item("arxiv:1", Kind.PAPER, "Streaming recognition", "", "arxiv", "A streaming model.")
    judge = Judge(Settings())
    others = [Item(f"arxiv:9{number}", Kind.PAPER, text, "", "arxiv", text) for number, text in enumerate(texts)]
    assert score(paper, judge) in rank([*others, paper], judge)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://arxiv.org/abs/2604.20842v1", ("2604.20842", 1)),
        ("oai:arXiv.org:2508.13426v3", ("2508.13426", 3)),
        ("arxiv:2601.21337", ("2601.21337", 1)),
        ("https://arxiv.org/pdf/2601.21337v2.pdf", ("2601.21337", 2)),
        ("quant-ph/0201082v1", ("quant-ph/0201082", 1)),
        ("2601.21337/../../x", None),
        ("javascript:2601.21337", None),
        ("٢٦٠١.21337", None),
    ],
)
def test_arxiv_ids(text, expected):
    assert arxiv_id(text) == expected


def test_the_templates_paper_is_no_ones_paper():
    assert papers_of(["arxiv:1910.09700", "arxiv:2601.21337v2", "arxiv:x"]) == ("arxiv:2601.21337",)


@pytest.mark.parametrize(
    "item",
    [
        Item("hf:a/b", Kind.MODEL, "", "", "hf"),
        Item(
            "arxiv:1",
            Kind.PAPER,
            "T",
            "u",
            "arxiv",
            "text",
            ("A",),
            "2026",
            "2026",
            3,
            ("t",),
            "new",
            (("p", 0.0),),
            ("x",),
        ),
        Item("arxiv:1", Kind.PAPER, "T", "u", "arxiv", version=0),
    ],
)
def test_what_is_empty_is_not_kept_and_comes_back(item):
    line = item.to_json()
    assert Item.from_json(line) == item and not any(empty in line for empty in ('"text":""', "[]", '"version":1'))


def test_merging_is_idempotent_and_keeps_arxivs_words():
    arxiv = Item(
        "arxiv:1", Kind.PAPER, "Title", "u", "arxiv", "Text", ("A",), "2026-04-16", tags=("cs.CL",), announced="new"
    )
    hub = Item("arxiv:1", Kind.PAPER, "title?", "u", "hf", "text?", ("B",), version=0, signals=(("upvotes", 3.0),))
    for both in (merge(arxiv, hub), merge(hub, arxiv)):
        assert (both.title, both.text, both.authors, both.signal("upvotes"), both.announced) == (
            "Title",
            "Text",
            ("A",),
            3.0,
            "new",
        )
        assert merge(both, arxiv) == both == merge(both, hub)
        assert Item.from_json(both.to_json()) == both


def test_one_owners_batch_is_one_row_and_facts_are_in_it():
    batch = [made(f"someone/mms-1b-aft-{code}", downloads=2.0) for code in ("ruc", "cgg", "aln", "bew", "bxk")]
    tagged = made(
        "org/small-1.7b-q4-k-m", "license:apache-2.0", "base_model:quantized:openai/whisper-small", downloads=9.0
    )
    counted = Item(
        "hf:a/b", Kind.MODEL, "a/b", "", "hf", authors=("a",), published="2026-04-16T08:00:00Z",
        signals=(("downloads", 1.0), ("parameters", 6.0e8)),
    )  # fmt: skip
    rows, _ = fold(rank([*batch, tagged, counted], Judge(Settings())))
    assert sorted((row.owner, row.members) for row in rows) == [("a", 1), ("org", 1), ("someone", 5)]
    facts = {row.owner: (row.size, row.licence, row.base, row.created) for row in rows}
    assert facts["org"] == ("1.7 B", "apache-2.0", "openai/whisper-small", "")
    assert facts["a"] == ("600 M", "", "", "2026-04-16")
    followed = [made(f"nvidia/new-{code}", downloads=2.0) for code in ("canary", "parakeet", "nemotron", "titanet")]
    assert len(fold(rank(followed, Judge(Settings())))[0]) == 4


@pytest.mark.parametrize(
    ("words", "text", "said"),
    [
        ("speech recognition", "Streaming speech-recognition systems.", ["matches “speech-recognition”"]),
        ("speech recognition", "Recognition of birds and of speech.", ["has “speech”, “Recognition”"]),
        ("speech recognition", "Recognition of birds.", []),
        ("multilingual", "A multilingual model.", ["matches “multilingual”"]),
    ],
)
def test_an_interest_matches_as_a_phrase_and_says_the_words(words, text, said):
    judge = Judge(Settings(interests=(Interest(words, 1.0),)))
    item = Item("arxiv:1", Kind.PAPER, "A title", "", "arxiv", text)
    assert [reason.text for reason in score(item, judge).reasons] == said


@pytest.mark.parametrize(
    ("first", "second", "chosen"),
    [
        (
            "We propose a way round this bottleneck of tokenizers.",
            "We propose Lark, a tokenizer of speech in noise.",
            1,
        ),
        ("We propose a recogniser of speech called Lark.", "We propose another one for this task as well.", 0),
        ("We also propose a corpus of birds that sing.", "We propose Lark, a recogniser of birds that sing.", 1),
        ("We propose a way round this bottleneck of tokenizers.", "Nothing else is said about what was done here.", 0),
    ],
)
def test_an_idea_is_the_sentence_that_can_best_be_read_alone(first, second, chosen):
    from asrcli.digest.ideas import what_it_did

    assert what_it_did("arxiv:1", f"{first} {second}")[0].quote == (first, second)[chosen]


def test_topics_are_rules():
    assert topic_of("Speaker diarisation with EEND", "") == "Speaker diarisation"
    assert topic_of("A thing", "Low-resource languages need help.") == "Low-resource and multilingual"
    assert topic_of("A thing", "About nothing.") == "Other"


@pytest.mark.parametrize(
    "text", ["nonsense = 1", "phrases = 3", "interests = ['a']", "first_days = 'x'", "[interests]\na = 'b'", "= ="]
)
def test_settings_that_are_wrong_name_the_key(text, tmp_path):
    path = tmp_path / "digest.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"digest\.toml"):
        load_settings(path)


def test_the_example_of_settings_is_valid(tmp_path):
    from asrcli.cli.commands.digest.look import EXAMPLE

    path = tmp_path / "digest.toml"
    path.write_text(EXAMPLE)
    assert load_settings(path).interests == (Interest("streaming", 2.0), Interest("code-switching", 1.5))


def test_boards_from_files(shared, tmp_path):
    from asrcli.digest.board import read_board
    from asrcli.errors import InputError

    board = read_board(shared / "digest/awesome-asr/leaderboard.json")
    assert (board.best.model, board.best.wer, board.day) == ("nvidia/canary-1b", 6.67, "2026-04-23")
    assert board.best_by_test == ()  # averages only: no test to set a claim beside
    for text in (
        "",
        "{}",
        '{"last_updated": "x", "models": []}',
        '{"last_updated": "x", "models": [{"model_id": "a"}]}',
    ):
        (tmp_path / "b.json").write_text(text)
        with pytest.raises(InputError, match=r"b\.json"):
            read_board(tmp_path / "b.json")
