"""The podcast: what is said, when, and in which files."""

from __future__ import annotations

import io
import json
import re
import shutil
import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from recordings import FRIDAY, Made, arxiv_answers, arxiv_api, arxiv_feed, whole_day
from support.command import write_program

from asrcli.digest.edition import to_json
from asrcli.digest.podcast.episode import (
    FORMATS,
    Cue,
    Show,
    balanced,
    encode,
    json_chapters,
    levelled,
    lines_of,
    loudness,
    perform,
    web_vtt,
    write_episode,
)
from asrcli.digest.podcast.espeak import library
from asrcli.digest.podcast.feed import write_feed
from asrcli.digest.podcast.lexicon import load_lexicon, say
from asrcli.digest.podcast.script import Chapter, Script, Turn, seconds_of, write_script
from asrcli.digest.podcast.selfcheck import check_times, compare, listen, plain, report_markdown, together, understood
from asrcli.digest.podcast.speech import Espeak, Line, Speech, choose_voice, flite, installed_voices, spread, word_times
from asrcli.digest.settings import Settings
from asrcli.digest.verify import claim_problems
from asrcli.digest.versions import Files
from asrcli.errors import EngineUnavailable, UsageError
from asrcli.types import Recording, Segment, Transcript, Word

needs_espeak = pytest.mark.skipif(library() is None, reason="needs the espeak-ng library: apt-get install espeak-ng")
needs_flite = pytest.mark.skipif(shutil.which("flite") is None, reason="needs flite: apt-get install flite")


class Tone:
    """A voice that hums for a tenth of a second per word."""

    name = "tone"

    def speak(self, lines):
        import numpy as np

        made = []
        for line in lines:
            count = 1600 * max(1, len(line.said.split()))
            samples = (8000 * np.sin(np.arange(count) / 10)).astype(np.int16)
            made.append(Speech(samples, 16000, spread(line, count / 16000)))
        return made


@pytest.fixture
def edition(run):
    return run(whole_day())


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("ASR", "A S R"),
        ("wav2vec", "wave to vec"),
        ("arXiv", "archive"),
        ("1.7B", "one point seven billion"),
        ("120M", "one hundred twenty million"),
        ("5.2%", "five point two percent"),
        ("10,000", "ten thousand"),
        ("WER.", "word error rate."),
        ("Whisper-large-v3", "Whisper large version three"),
        ("2.0", "two point zero"),
        ("-3.5", "minus three point five"),
        ("320", "three hundred twenty"),
        ("1,234,567", "one million two hundred thirty four thousand five hundred sixty seven"),
        ("[[h@loU]]", "h loU"),
        ("<speak>", "speak"),
        ("-w", "w"),
        ("e.g.", "for example"),
        ("“quoted”", "quoted"),
        ("—", ""),
        ("10x", "ten times"),
        ("320ms", "three hundred twenty milliseconds"),
    ],
)
def test_the_lexicon(written, said):
    assert " ".join(word.said for word in say(written)) == said


def test_an_own_lexicon_wins_and_is_cleaned(tmp_path):
    path = tmp_path / "lexicon.tsv"
    path.write_text("# mine\nZipformer\tzip [[former]]\nASR\tazr\n")
    own = load_lexicon(path)
    assert [word.said for word in say("Zipformer ASR", own)] == ["zip former", "azr"]
    path.write_text("no tab here\n")
    with pytest.raises(UsageError, match=r"lexicon\.tsv:1"):
        load_lexicon(path)


def spoken_cases() -> list[tuple[str, str]]:
    lines = (Path(__file__).parent / "data" / "spoken.tsv").read_text("utf-8").splitlines()
    return [tuple(line.split("\t")) for line in lines]


def test_numbers_and_signs_are_said_as_people_say_them():
    """The table was read through by hand."""
    cases = spoken_cases()
    assert len(cases) == len({written for written, _ in cases}) >= 700
    told = [(written, said, Line("host", say(written)).said) for written, said in cases]
    assert [case for case in told if case[1] != case[2]] == []


def test_words_that_are_said_as_one_have_their_share_of_its_time():
    line = Line("host", say("On 17 April 2026 it cost $5 million."))
    assert line.said == "On seventeenth of April twenty twenty six it cost five million dollars."
    words = word_times(line, [(0, 0.0), (3, 1.0), (42, 4.0), (45, 4.5), (50, 5.0)], 6.0, "model")
    assert [word.text for word in words] == ["On", "17", "April", "2026", "it", "cost", "$5", "million."]
    assert words[1].start == 1.0 and words[3].end == words[4].start == 4.0
    assert [word.source for word in words] == ["model", *["interpolated"] * 3, "model", "model", *["interpolated"] * 2]
    assert all(one.start < one.end == two.start for one, two in pairwise(words))
    joined, said = together(words, None)
    assert [(word.text, word.start, word.end) for word in joined][1] == ("17 April 2026", 1.0, 4.0)
    assert " ".join(said) == line.said


def written(script):
    """Return all that is said."""
    return " ".join(turn.text for turn in script.turns)


def test_everything_quoted_is_a_claim_of_the_digest(edition):
    script = write_script(edition, 10)
    texts = {paper.id: paper.text for paper in edition.papers}
    quoted = [turn for turn in script.turns if turn.proof]
    assert len(quoted) == sum(len(paper.claims) + len(paper.own) for paper in edition.papers)
    assert all(turn.text == turn.proof.text and not claim_problems(turn.proof, texts) for turn in quoted)
    known = json.dumps(
        [texts, edition.headline, edition.day, "17 April 2026", [paper.title for paper in edition.papers]]
    )
    for number in re.findall(r"\d+(?:\.\d+)?", written(script)):
        assert number in known
    assert len(script.chapters) == len(edition.papers) + 2


def test_the_show_notes_hold_every_sentence_that_the_show_promises(out, edition):
    """A paper that is told without being an idea of the day was in no note."""
    edition = replace(edition, ideas=())
    (out / f"daily/{edition.day}.json").write_text(to_json(edition))
    write_episode(out, write_script(edition, 60), Tone(), "m4a")
    item = ET.fromstring(write_feed(out, Settings()).read_bytes()).find("channel/item")
    from lxml import html

    notes = html.fromstring(item.findtext("description"))
    said = [turn.proof for turn in write_script(edition, 60).turns if turn.proof]
    shown = [" ".join(one.itertext()) for one in notes.iter("p")]
    assert said and all(any(claim.text in text and claim.quote in text for text in shown) for claim in said)
    assert edition.headline in shown and edition.opening in shown  # not run into each other


@pytest.mark.parametrize(
    ("authors", "said"),
    [
        (("Ada Example",), "By Ada Example."),
        (("Ada Example", "Ben Sample"), "By Ada Example and Ben Sample."),
        (("Ada Example", "Ben Sample", "Cy Test"), "By Ada Example and others."),
    ],
)
def test_two_authors_are_both_named(edition, authors, said):
    script = write_script(replace(edition, papers=(replace(edition.papers[0], authors=authors),)), 5)
    assert script.chapters[1].turns[0].text.endswith(said)


def test_first_by_your_interests_is_said_only_of_what_matches_one(edition):
    first = edition.papers[0]
    for reasons, said in (
        (("matches “speech”", "gives numbers"), "First by your interests: "),
        (("from Example Labs",), "First by your interests: "),
        (("gives numbers", "12 likes"), "First: "),
        ((), "First: "),
    ):
        assert said in replace(edition, papers=(replace(first, reasons=reasons),)).opening


def test_time_stamps_inside_a_cue_rise():
    """Two words may begin at the same moment where a voice says them as one."""
    import numpy as np

    words = tuple(Word(text, start, end) for text, start, end in (("a", 0, 1), ("b", 1, 1), ("c", 1, 2), ("d", 2, 3)))
    text = web_vtt(Show(np.zeros(1, np.int16), 16000, (), (Cue("host", words),)))
    assert text.endswith("<v Host>a <00:00:01.000>b c <00:00:02.000>d\n")


@pytest.mark.slow
def test_the_length_follows_the_news(run, edition):
    papers = [Made(f"2604.{number:05}") for number in range(40)]
    busy = write_script(run(arxiv_answers(arxiv_feed(papers, FRIDAY), arxiv_api(papers)), sources=("arxiv",)), 5)
    assert 8 < len(busy.chapters) < 40
    assert 200 < sum(seconds_of(chapter) for chapter in busy.chapters) <= 300
    quiet = write_script(replace(edition, papers=(), models=(), lines=(), ideas=()), 5)
    assert len(written(quiet).split()) < 40 and "No news." in written(quiet)
    failed = write_script(
        replace(
            edition, papers=(), models=(), lines=(), exit_code=4, sources=(replace(edition.sources[0], state="failed"),)
        ),
        5,
    )
    assert "arxiv failed" in written(failed) and "No news" not in written(failed)


def test_the_cover_is_a_picture_that_directories_take(out):
    import av

    from asrcli.digest.podcast.feed import cover_png

    with av.open(io.BytesIO(cover_png("A title"))) as opened:
        (frame,) = opened.decode(video=0)
    assert (frame.width, frame.height) == (1400, 1400) and len(cover_png("A title")) < 512_000
    picture = frame.to_ndarray(format="rgb24")
    assert len({tuple(one) for one in picture.reshape(-1, 3)[::1009]}) == 2 and cover_png("A title") != cover_png("B")
    settings = Settings(email="me@example.org", category="News > Tech News")
    root = ET.fromstring(write_feed(out, settings).read_bytes())
    itunes = "{http://www.itunes.com/dtds/podcast-1.0.dtd}"
    assert root.find(f"channel/{itunes}owner/{itunes}email").text == "me@example.org"
    outer = root.find(f"channel/{itunes}category")
    assert (outer.attrib["text"], outer.find(f"{itunes}category").attrib["text"]) == ("News", "Tech News")
    (out / "podcast/cover.png").write_bytes(b"mine")
    write_feed(out, settings, Files(force=True))
    assert (out / "podcast/cover.png").read_bytes() == b"mine"


def test_both_voices_are_equally_loud():
    import numpy as np

    rng, rate = np.random.default_rng(5), 16000
    turns = [(rng.normal(size=2 * rate) * level).astype(np.int16) for level in (6000, 900, 6000, 900)]
    spoken = [Speech(samples, rate, ()) for samples in turns]
    made = balanced(spoken, ["host", "guest", "host", "guest"])
    levels = [loudness(one.samples, rate) for one in made]
    assert max(levels) - min(levels) < 0.5 and max(abs(one.samples).max() for one in made) < 20000
    alone = balanced(spoken[:1], ["host"])
    assert alone[0].samples.tolist() == spoken[0].samples.tolist()


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg, which measures loudness")
@pytest.mark.parametrize("level", [0.02, 0.2, 0.9])
def test_a_show_is_as_loud_as_podcasts_are(level, tmp_path):
    """Bursts of noise like words, against ffmpeg's own two-pass meter as a program."""
    import subprocess
    import wave

    import numpy as np

    rng, rate = np.random.default_rng(3), 22050
    burst = rng.normal(size=(20, rate // 2)) * np.hanning(rate // 2)
    sound = np.concatenate([np.concatenate([one, np.zeros(rate // 5)]) for one in burst])[:-99]  # no whole tenths
    sound = (sound / abs(sound).max() * level * 32767).astype(np.int16)
    made = levelled(sound, rate)
    assert len(made) == len(sound) and abs(made.astype(int)).max() <= 0.85 * 32767
    path = tmp_path / "x.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(made.tobytes())
    done = subprocess.run(
        ["ffmpeg", "-hide_banner", "-i", path, "-af", "ebur128", "-f", "null", "-"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(re.findall(r"I:\s+(-[\d.]+) LUFS", done.stderr)[-1]) == pytest.approx(-16, abs=0.5)
    silence = np.zeros(rate, np.int16)
    assert levelled(silence, rate).tolist() == silence.tolist()


@pytest.mark.parametrize("kind", [pytest.param(one, marks=() if one == "mp3" else pytest.mark.slow) for one in FORMATS])
def test_chapters_are_in_the_file_and_its_length_is_the_sum(kind, edition):
    import av

    show = perform(write_script(edition, 5), Tone())
    data = encode(show, kind, "Title")
    with av.open(io.BytesIO(data)) as opened:
        assert [chapter["metadata"]["title"] for chapter in opened.chapters()] == [mark.title for mark in show.marks]
        assert len(show.marks) == len(edition.papers) + 2
        assert opened.duration / 1e6 == pytest.approx(show.seconds, abs=0.1)
        seconds = sum(frame.samples / frame.sample_rate for frame in opened.decode(audio=0))
    assert seconds == pytest.approx(show.seconds, abs=0.15)
    turns = lines_of(write_script(edition, 5), {})
    silence = sum(
        0.9 if turn is chapter.turns[-1] else 0.35
        for chapter in write_script(edition, 5).chapters
        for turn in chapter.turns
    )
    assert show.seconds == pytest.approx(sum(0.1 * len(line.said.split()) for line in turns) + silence, abs=0.1)


def test_the_files_of_an_episode_agree(edition, out):
    script = write_script(edition, 5)
    episode, show = write_episode(out, script, Tone(), "mp3")
    sound = (out / "podcast" / episode.file).read_bytes()
    assert episode.bytes == len(sound)
    chapters = json.loads((out / f"podcast/{FRIDAY}.chapters.json").read_text())["chapters"]
    assert [one["startTime"] for one in chapters] == [round(mark.start, 3) for mark in show.marks]
    assert chapters[0]["startTime"] == 0 and chapters[-1]["endTime"] == pytest.approx(episode.seconds, abs=0.01)
    assert chapters[1]["url"] == edition.papers[0].url
    vtt = (out / f"podcast/{FRIDAY}.vtt").read_text()
    assert vtt == web_vtt(show) and re.findall(r"<v (Host|Guest)>", vtt)
    words = [re.sub(r"<[^>]*>", "", line) for block in vtt.split("\n\n")[1:] for line in block.splitlines()[1:]]
    assert " ".join(words).replace("&amp;", "&").split() == [word.text for cue in show.cues for word in cue.words]
    settings = Settings(site="https://example.org/digest")
    root = ET.fromstring(write_feed(out, settings).read_bytes())
    item = root.find("channel/item")
    assert item.find("enclosure").attrib == {
        "url": f"https://example.org/digest/podcast/{FRIDAY}.mp3",
        "length": str(len(sound)),
        "type": "audio/mpeg",
    }
    itunes, podcast = "{http://www.itunes.com/dtds/podcast-1.0.dtd}", "{https://podcastindex.org/namespace/1.0}"
    assert item.find(f"{itunes}duration").text == str(round(show.seconds))
    assert (
        root.find(f"channel/{itunes}category").attrib == {"text": "Technology"}
        and root.find(f"channel/{itunes}explicit").text == "false"
    )
    owner = root.find(f"channel/{itunes}owner")
    assert owner.find(f"{itunes}name").text == settings.author and owner.find(f"{itunes}email") is None
    assert root.find(f"channel/{itunes}image").attrib == {"href": "https://example.org/digest/podcast/cover.png"}
    assert item.find(f"{podcast}chapters").attrib["type"] == "application/json+chapters"
    assert item.find(f"{podcast}transcript").attrib["type"] == "text/vtt"
    again = write_feed(out, settings).read_bytes()
    assert ET.fromstring(again).find("channel/item/guid").text == item.find("guid").text


def test_word_times_are_ordered_and_cover_every_word():
    line = Line("host", say("WER of 5.2% — and – more"))
    words = word_times(line, [(0, 0.1), (5, 0.3), (11, 0.5), (16, 0.9), (19, 1.0)], 3.0, "model")
    assert [word.text for word in words] == ["WER", "of", "5.2%", "and", "more"]
    assert words[0].start == 0.1 and words[1].start == 0.9
    assert all(one.start <= one.end <= other.start for one, other in pairwise(words)) and words[-1].end == 3.0


@needs_espeak
def test_espeak_says_when_each_word_starts():
    line = Line("host", say("Speech recognition with wav2vec reaches 5.2% WER, they say."))
    (speech,) = Espeak().speak([line])
    seconds = len(speech.samples) / speech.rate
    assert [word.text for word in speech.words] == [word.written for word in line.words]
    assert {word.source for word in speech.words} == {"model"}
    starts = [word.start for word in speech.words]
    assert starts == sorted(starts) and 1.5 < seconds < 10 and starts[-1] < seconds
    assert abs(speech.samples).max() > 1000
    # "5.2%" is said in four words: its stretch is the longest of all.
    assert max(speech.words, key=lambda word: word.end - word.start).text in ("5.2%", "WER,")


@pytest.mark.slow
@needs_espeak
@pytest.mark.parametrize("minutes", [1, 3])
def test_a_show_is_never_longer_than_asked(minutes, run):
    papers = [Made(f"2604.{number:05}") for number in range(40)]
    edition = run(arxiv_answers(arxiv_feed(papers, FRIDAY), arxiv_api(papers)), sources=("arxiv",))
    show = perform(write_script(edition, minutes), Espeak())
    assert 0.6 * 60 * minutes < show.seconds <= 60 * minutes


@needs_espeak
def test_espeak_takes_markup_and_options_as_words():
    """The same text with and without markup gives the same sound, since none of it reaches the voice."""
    voice = Espeak()
    plainly, marked = voice.speak([Line("guest", say(text)) for text in ("hello world", "[[hello]] <speak>world")])[:2]
    assert len(plainly.samples) > 5000 and len(marked.samples) > 5000


@needs_flite
def test_flite_speaks_with_two_voices():
    host, guest = flite().speak([Line(who, say("Speech recognition.")) for who in ("host", "guest")])
    assert host.rate == guest.rate and len(host.samples) != len(guest.samples)
    assert {word.source for word in host.words} == {"interpolated"}


def test_voices_that_are_not_there(monkeypatch, tmp_path):
    from asrcli.digest.podcast import speech

    monkeypatch.setattr(speech, "library", lambda: None)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert installed_voices(tmp_path) == []
    for name, error in ((None, EngineUnavailable), ("espeak-ng", EngineUnavailable), ("siri", UsageError)):
        with pytest.raises(error):
            choose_voice(name, tmp_path)


def test_piper_gets_the_text_on_standard_input(monkeypatch, tmp_path):
    """A stand-in for the program: it checks its arguments and writes a second of silence."""
    program = write_program(
        tmp_path / "piper",
        "import sys, wave\n"
        "assert sys.argv[1] == '--model' and sys.argv[3] == '--output_file', sys.argv\n"
        "assert sys.stdin.read() == '--help me'\n"
        "f = wave.open(sys.argv[4], 'wb'); f.setnchannels(1); f.setsampwidth(2)\n"
        "f.setframerate(22050); f.writeframes(bytes(44100)); f.close()\n",
    )
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    (tmp_path / "en.onnx").touch()
    (tmp_path / "en.onnx.json").touch()
    voice = choose_voice("piper", tmp_path)
    from asrcli.digest.podcast.lexicon import Spoken

    (spoken,) = voice.speak([Line("host", (Spoken("--help", "--help"), Spoken("me", "me")))])
    assert len(spoken.samples) == 22050 and [word.text for word in spoken.words] == ["--help", "me"]
    program.write_text("#!/bin/sh\necho broken >&2\nexit 3\n")
    with pytest.raises(EngineUnavailable, match="broken"):
        voice.speak([Line("host", say("x"))])


def test_kokoro_is_asked_as_its_library_wants(monkeypatch, tmp_path):
    """A stand-in for the library, which needs weights that no test can have."""
    import sys
    import types

    import numpy as np

    asked = []

    class Model:
        def __init__(self, model, voices):
            asked.append((model, voices))

        def create(self, text, voice, speed, lang):
            asked.append((text, voice, speed, lang))
            return np.array([0.0, 0.5, -2.0], np.float32), 24000

    monkeypatch.setitem(sys.modules, "kokoro_onnx", types.SimpleNamespace(Kokoro=Model))
    (tmp_path / "kokoro-v1.0.onnx").touch()
    (tmp_path / "voices-v1.0.bin").touch()
    (spoken,) = choose_voice("kokoro", tmp_path).speak([Line("guest", say("ASR"))])
    assert asked == [
        (str(tmp_path / "kokoro-v1.0.onnx"), str(tmp_path / "voices-v1.0.bin")),
        ("A S R", "am_michael", 1.0, "en-us"),
    ]
    assert spoken.samples.tolist() == [0, 16383, -32767] and spoken.rate == 24000


def test_what_a_listener_would_mishear(edition):
    script = write_script(edition, 5)
    said = " ".join(word.said for turn in script.turns for word in say(turn.text))
    perfect = compare(script, said, "fake")
    assert perfect.counts.errors == 0 and perfect.lost_terms == () and perfect.misheard == ()
    worse = compare(
        script,
        said.replace("one hundred twenty million", "one hundred million").replace("libri speech", "library speech"),
        "fake",
    )
    assert worse.counts.errors >= 2 and ("libri", "library") in worse.misheard
    assert worse.lost_terms == ("120M",)  # a name that is written otherwise was heard all the same
    other = compare(script, said.replace("libri speech", "the breeze peach"), "fake")
    assert other.lost_terms == ("LibriSpeech",)
    assert "“libri” was heard as “library”" in report_markdown(worse)
    assert compare(script, "", "fake").counts.rate == 1.0
    written = said.replace("five point two percent", "5.2%").replace("ten thousand", "10,000").replace("A S R", "ASR")
    assert compare(script, written, "fake").lost_terms == ()  # numbers are compared as values
    assert perfect.warning == "" and "heard as something else" in compare(script, "", "fake").warning
    assert "heard as something else" in report_markdown(compare(script, "nothing at all", "fake"))


@pytest.mark.parametrize(
    ("written", "heard", "fine"),
    [
        ("WAXAL", "Waxel", True),
        ("OpenUnmix-HQ", "open and mix HQ", True),
        ("26 March 2026", "26 of March 2026", True),
        ("5.59%", "5.59 percent", True),
        ("120M", "a hundred and twenty million", False),  # "a hundred" might be any
        ("120M", "one hundred and twenty million", True),
        ("5.59%", "5.95%", False),
        ("DPO", "BBO", False),
        ("DER", "DR", True),  # the E is in the D
        ("wav2vec2-large", "wave to vec to large", True),
        ("w2v-bert-2.0", "wave to vec bert two point zero", True),
        ("w2v-bert-2.0", "wave to vec bert two point five", False),
        ("w2v-bert-2.0", "a cat two point zero", False),
        ("ACAVCaps", "account caps", False),
        ("OmniASR", "on the SR", False),
    ],
)
def test_numbers_are_compared_as_values_and_names_by_their_sound(written, heard, fine):
    def words(text: str) -> list[str]:
        return plain(" ".join(word.said for word in say(text)))

    assert understood(words(written), words(heard)) is fine


def test_letters_are_one_word():
    assert plain("The A S R of a L L M, at 5.") == ["the", "asr", "of", "a", "llm", "at", "5"]


def test_the_selfcheck_goes_through_the_public_api(monkeypatch, edition, tmp_path):
    import asrcli

    asked = []

    def fake(path, **options):
        asked.append({**options, "path": path})
        yield Transcript(Recording(str(path)), (Segment("speech recognition digest", 0, 1),), "fake")

    monkeypatch.setattr(asrcli, "transcribe", fake, raising=False)
    heard = listen(tmp_path / "x.mp3", write_script(edition, 5), "pocketsphinx")
    first, second = asked
    assert first == {"engine": "pocketsphinx", "language": "en", "path": tmp_path / "x.mp3"} and heard.counts.hits >= 3
    assert second["engine"] == "fake" and "LibriSpeech" in second["prompt"]


def show(text: str) -> Script:
    """Return a script of one turn."""
    return Script("2026-04-17", "Show", (Chapter("C", "", (Turn("host", text),)),))


@pytest.mark.parametrize(
    ("engine", "again", "lost"),
    [
        ("fake", "A result on LibriSpeech with WER of 5.2%.", ()),  # told the names, it hears them
        ("fake", "A result on the breeze peach with WER of 5.2%.", ("LibriSpeech",)),
        ("pocketsphinx", "never asked", ("LibriSpeech",)),  # takes no prompt
    ],
)
def test_a_name_is_misheard_when_an_engine_that_was_told_it_does_not_hear_it(
    monkeypatch, tmp_path, engine, again, lost
):
    import asrcli

    def fake(path, **options):
        text = again if "prompt" in options else "A result on the breeze peach with WER of 5.2%."
        yield Transcript(Recording(str(path)), (Segment(text, 0, 1),), engine)

    monkeypatch.setattr(asrcli, "transcribe", fake, raising=False)
    script = show("A result on LibriSpeech with WER of 5.2%.")
    assert listen(tmp_path / "x.mp3", script, engine).lost_terms == lost


def test_a_number_is_looked_for_where_it_is_said_and_not_within_another():
    script = show("A word error rate of 0.3738 for 3 voices.")
    said = "A word error rate of zero point three seven three eight for"
    assert compare(script, f"{said} six voices.", "fake").lost_terms == ("3",)
    assert compare(script, f"{said} three voices.", "fake").lost_terms == ()


@needs_espeak
@pytest.mark.parametrize("turns", [4, pytest.param(None, marks=pytest.mark.slow)])
def test_the_aligner_finds_the_words_where_the_voice_says_them(turns, edition, tmp_path):
    """The aligner rejects what the second voice says as no English of its own; how much it says is up to the script."""
    episode, show = write_episode(tmp_path, write_script(edition, 0.5), Espeak(), "m4a")
    path, cues = tmp_path / "podcast" / episode.file, show.cues[:turns]
    own = check_times(path, [one for one in cues if one.speaker == cues[0].speaker])
    assert own.words > 0.5 * (own.words + own.unmatched) and own.median < 0.1, own
    assert "against the voice's own times" in report_markdown(compare(write_script(edition, 0.5), "", "fake"), own)


def test_chapters_of_nothing():
    assert json.loads(json_chapters(perform_nothing()))["version"] == "1.2.0"


def perform_nothing():
    import numpy as np

    from asrcli.digest.podcast.episode import Show

    return Show(np.zeros(10, np.int16), 16000, (), ())


@pytest.mark.slow
@needs_flite
def test_pocketsphinx_hears_the_episode(edition, out):
    pytest.importorskip("pocketsphinx")
    script = write_script(edition, 5)
    episode, _ = write_episode(out, script, flite(), "mp3")
    heard = listen(out / "podcast" / episode.file, script)
    assert heard.counts.reference_length > 80 and heard.counts.hits > 0.3 * heard.counts.reference_length
