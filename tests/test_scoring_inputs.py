"""What people score with: Kaldi's text, any suffix, ids in other capitals, fragments, nothing in common."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from support.command import Run

from asrcli.compare.run import Wanted, run
from asrcli.compare.sources import format_choice, read_source
from asrcli.errors import InputError, UsageError

TEXTS = {"s1-a": "hello there", "s1-b": "second sentence here", "s2-c": ""}


def kaldi(texts: dict[str, str], separator: str = " ") -> str:
    return "".join(f"{key}{separator}{text}".rstrip() + "\n" for key, text in texts.items())


def trn(texts: dict[str, str]) -> str:
    return "".join(f"{text} ({key})\n" for key, text in texts.items())


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", ["text", "kaldi_text", "dev/text", "hyp"])
@pytest.mark.parametrize("separator", [" ", "\t"])
def test_kaldis_text_is_read_without_being_told(name: str, separator: str, tmp_path: Path) -> None:
    read = read_source(write(tmp_path / name, kaldi(TEXTS, separator)), hypotheses=False)
    assert {one.id: one.text for one in read.utterances} == TEXTS


def test_our_own_kaldi_result_is_scored(asr: Run, tmp_path: Path) -> None:
    from support.command import write_wav

    for key in TEXTS:
        write_wav(tmp_path / f"{key}.wav")
    write(tmp_path / "wav.scp", "".join(f"{key} {tmp_path}/{key}.wav\n" for key in TEXTS))
    write(tmp_path / "text", kaldi({key: key for key in TEXTS}))
    done = asr(
        "transcribe", "--manifest", str(tmp_path), "-e", "fake", "--no-vad", "--output", str(tmp_path / "out/text")
    )
    assert done.code == 0, done.err
    done = asr("compare", str(tmp_path / "text"), str(tmp_path / "out/text"), "--json", "-")
    assert json.loads(done.out)["systems"][0]["wer"] == 0.0


@pytest.mark.parametrize("suffix", [".ref", ".hyp", ".lst", ".txt", ".trn", ""])
@pytest.mark.parametrize(("format", "content"), [("kaldi", kaldi(TEXTS)), ("trn", trn(TEXTS))])
def test_any_suffix_with_a_format(suffix: str, format: str, content: str, tmp_path: Path) -> None:
    path = write(tmp_path / f"a{suffix}", content)
    read = read_source(path, hypotheses=False, format=format)
    assert {one.id: one.text for one in read.utterances} == TEXTS
    found = run(path, [write(tmp_path / f"b{suffix}", content)], Wanted(formats=(format, format)))
    assert found.systems[0].counts.errors == 0


def test_tables_and_mixed_formats(tmp_path: Path) -> None:
    ref = write(tmp_path / "a.ref", "id\ttext\n" + "".join(f"{key}\t{text}\n" for key, text in TEXTS.items()))
    hyp = write(tmp_path / "b.hyp", kaldi(TEXTS))
    assert run(ref, [hyp], Wanted(formats=format_choice("tsv,kaldi"))).systems[0].counts.errors == 0


def test_lines_that_end_in_ids_need_no_format(tmp_path: Path) -> None:
    read = read_source(write(tmp_path / "a.hyp", ";; comment\n" + trn(TEXTS)), hypotheses=True)
    assert {one.id: one.text for one in read.utterances} == TEXTS


def test_an_unknown_suffix_says_what_to_type(asr: Run, tmp_path: Path) -> None:
    write(tmp_path / "a.ref", kaldi(TEXTS))
    done = asr("compare", str(tmp_path / "a.ref"), str(tmp_path / "a.ref"))
    assert (done.code, done.err.count("say what it is with --format: txt, kaldi, trn")) == (1, 1)
    with pytest.raises(UsageError, match="choose one of txt, kaldi"):
        format_choice("docx")


def test_a_double_id_is_named_by_its_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="text line 2: the id 'a' was there already"):
        read_source(write(tmp_path / "text", "a one\na two\n"), hypotheses=False)


def test_ids_that_differ_in_capitals_are_matched_and_said(tmp_path: Path) -> None:
    """As sclite does: before, they counted as missing."""
    ref = write(tmp_path / "r.trn", trn({"Spk1-001": "one two", "spk1-002": "three", "SPK2-001": "four"}))
    hyp = write(tmp_path / "h.trn", trn({"spk1-001": "one two", "spk1-002": "three", "spk2-001": "five"}))
    found = run(ref, [hyp], Wanted(normalizer="none"))
    assert found.systems[0].counts.errors == 1
    assert not found.systems[0].missing
    assert not found.systems[0].extra
    assert any("2 ids are those of" in note and "'Spk1-001' and 'spk1-001'" in note for note in found.notes)


def test_ids_alike_on_one_side_are_not_mixed_up(tmp_path: Path) -> None:
    ref = write(tmp_path / "r.trn", trn({"a-1": "one", "A-1": "two", "b-1": "three"}))
    hyp = write(tmp_path / "h.trn", trn({"a-1": "one", "b-1": "three"}))
    found = run(ref, [hyp], Wanted(normalizer="none"))
    assert found.systems[0].missing == ("A-1",)
    assert found.systems[0].counts.deletions == 1


def test_nothing_in_common_is_an_error(asr: Run, tmp_path: Path) -> None:
    write(tmp_path / "text", kaldi(TEXTS))
    write(tmp_path / "hyp", kaldi({f"other-{key}": text for key, text in TEXTS.items()}))
    done = asr("compare", str(tmp_path / "text"), str(tmp_path / "hyp"))
    assert (done.code, "no id in common" in done.err) == (1, True)


def test_empty_references_and_one_recording_are_valid_json(asr: Run, tmp_path: Path) -> None:
    def strict(value: str) -> float:
        raise AssertionError(value)

    for texts, heard in (({"a": ""}, {"a": "x"}), ({"a": "one two"}, {"a": "one too"}), ({"a": ""}, {"a": ""})):
        write(tmp_path / "text", kaldi(texts))
        write(tmp_path / "hyp", kaldi(heard))
        done = asr("compare", str(tmp_path / "text"), str(tmp_path / "hyp"), "--json", "-")
        assert done.code == 0, done.err
        (system,) = json.loads(done.out, parse_constant=strict)["systems"]
        assert system["interval"] is None


FRAGMENTS = [
    ("the fr- fragment", "the fray fragment", 0),
    ("the fr- fragment", "the gray fragment", 1),
    ("the -ment fragment", "the cement fragment", 0),
    ("the fr- fragment", "the fragment", 1),
    ("the (fr-) fragment", "the fragment", 0),
    ("{ fr- / gr- } ay", "gray ay", 0),
    ("well-known fr- words;noun", "well-known frog words", 0),
    ("the fr- fragment", "the fr- fragment", 0),
]


@pytest.mark.parametrize(("said", "heard", "errors"), FRAGMENTS)
@pytest.mark.parametrize("normalizer", ["none", "basic"])
def test_fragments_count_as_with_sclites_f(said: str, heard: str, errors: int, normalizer: str, tmp_path: Path) -> None:
    ref, hyp = write(tmp_path / "r.trn", f"{said} (s-1)\n"), write(tmp_path / "h.trn", f"{heard} (s-1)\n")
    wanted = Wanted(normalizer=normalizer, convention="sclite", fragments=True)
    assert run(ref, [hyp], wanted).systems[0].counts.errors == errors
    plain = run(ref, [hyp], Wanted(normalizer="none", convention="sclite")).systems[0].counts.errors
    assert plain >= errors


def test_fragments_need_sclite(tmp_path: Path) -> None:
    path = write(tmp_path / "r.trn", "the fr- (s-1)\n")
    with pytest.raises(UsageError, match="--convention sclite"):
        run(path, [path], Wanted(fragments=True))


STM = (
    ';; LABEL "F" "Female" "x"\nRec A spk 0.0 2.0 <o,f0,F> hello world\n'
    "Rec A gap 2.0 3.0 IGNORE_TIME_SEGMENT_IN_SCORING\n"
    "Rec A spk 3.0 5.0 <o> (uh) more { words / terms } here\nRec B two 0.0 2.0 <o> other @ side\n"
    "Rec B two 2.0 3.0 <unk>;noise\n"
)
CTM = (
    "rec A 0.1 0.4 hello 0.9\nrec A 0.6 0.4 world 0.9\nrec A 2.2 0.3 garbage 0.4\nrec A 3.1 0.3 more 0.9\n"
    "rec A 3.6 0.3 terms 0.9\nrec A 4.0 0.3 here 0.9\nrec B 0.1 0.4 other 0.9\nrec B 0.6 0.4 side 0.8\n"
)


def test_words_in_stretches_that_are_not_scored_are_not_scored(tmp_path: Path) -> None:
    """As sclite's own `-r r.stm stm -h h.ctm ctm -D`: 8 right and nothing else; before, `garbage` was an insertion."""
    ref, hyp = write(tmp_path / "r.stm", STM), write(tmp_path / "h.ctm", CTM)
    found = run(ref, [hyp], Wanted(normalizer="none", convention="sclite"))
    assert found.systems[0].counts.errors == 0
    assert not any("between segments" in note for note in found.notes)
    late = write(tmp_path / "late.ctm", CTM.replace("2.2 0.3 garbage", "3.0 0.3 garbage"))
    assert run(ref, [late], Wanted(normalizer="none", convention="sclite")).systems[0].counts.errors == 1


def test_words_between_segments_go_to_the_next_as_with_sclite(tmp_path: Path) -> None:
    """In time order, and none back: before, to the nearest; and words of Chinese were written together, as one."""
    ref = write(tmp_path / "r.stm", "f A s 0 1 one\nf A s 3 4 two\nf A s 4 6 \u4f60 \u597d\n")
    hyp = write(tmp_path / "h.ctm", "f A 0.5 2.0 two\nf A 0.6 0.1 three\nf A 4.1 .5 \u4f60\nf A 5 .5 \u597d\n")
    found = run(ref, [hyp], Wanted(normalizer="none", convention="sclite")).systems[0]
    assert [list(words) for words in found.words] == [[], ["two", "three"], ["\u4f60", "\u597d"]]
    counts = found.counts
    assert (counts.hits, counts.substitutions, counts.deletions, counts.insertions) == (3, 0, 1, 1)
    assert any("2 words lie between segments and went to the next" in note for note in found.notes)


@pytest.mark.skipif(shutil.which("sclite") is None and shutil.which("sctk") is None, reason="needs sctk")
def test_sclite_itself_says_the_same(tmp_path: Path) -> None:
    write(tmp_path / "r.stm", STM), write(tmp_path / "h.ctm", CTM)
    command = ["sclite"] if shutil.which("sclite") else ["sctk", "sclite"]
    words = [*command, "-r", "r.stm", "stm", "-h", "h.ctm", "ctm", "-D", "-o", "pralign", "stdout"]
    said = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    counts = re.findall(r"Scores: \(#C #S #D #I\) (\d+) (\d+) (\d+) (\d+)", said)
    assert [sum(map(int, column)) for column in zip(*counts, strict=True)] == [8, 0, 0, 0]


def test_marks_of_nist_that_are_not_read_are_said(tmp_path: Path) -> None:
    ref = write(tmp_path / "r.stm", STM)
    hyp = write(tmp_path / "h.ctm", "Rec A * * <ALT_BEGIN>\nRec A 0.1 0.4 hello\n")
    with pytest.raises(InputError, match="line 1: <ALT_BEGIN>: alternatives"):
        run(ref, [hyp], Wanted())
    with pytest.raises(InputError, match="line 1: from 5 to 4 is no stretch"):
        read_source(write(tmp_path / "x.stm", "Rec A spk 5 4 hello\n"), hypotheses=False)


def test_ids_with_accents_taken_apart_are_matched(tmp_path: Path) -> None:
    """As macOS writes the names of files."""
    ref = write(tmp_path / "r.jsonl", '{"id": "caf\u00e9", "text": "x"}\n{"id": "b", "text": "y"}\n')
    hyp = write(tmp_path / "h.jsonl", '{"id": "cafe\u0301", "pred_text": "x"}\n{"id": "b", "pred_text": "y"}\n')
    found = run(ref, [hyp], Wanted(normalizer="none"))
    assert found.systems[0].counts.errors == 0 and not found.systems[0].missing


def test_ids_with_spaces_and_whole_numbers_with_a_point_are_matched(tmp_path: Path) -> None:
    """As spreadsheets and pandas write them; before, they counted as missing."""
    ref = write(tmp_path / "r.csv", "id,text\na ,x\n2,y\nc  d,z\n")
    hyp = write(tmp_path / "h.jsonl", '{"id": "a", "pred_text": "x"}\n{"id": 2.0, "pred_text": "y"}\n'
                '{"id": "c d", "pred_text": "z"}\n')  # fmt: skip
    found = run(ref, [hyp], Wanted(normalizer="none"))
    assert found.systems[0].counts.errors == 0 and not found.systems[0].missing
    assert any("2 ids are those of" in note and "spaces: 'a ' and 'a'" in note for note in found.systems[0].notes)


@pytest.mark.parametrize("kind", ["trn", "txt", "jsonl", "csv", "kaldi"])
@pytest.mark.parametrize("odd", ["carriage returns", "marks of order"])
def test_lists_of_old_macs_and_joined_files(kind: str, odd: str, tmp_path: Path) -> None:
    """Before, a trn of carriage returns was one text, and an id behind a mark of byte order was another one."""
    content = {
        "trn": "x (s-1)\ny (s-2)\n",
        "txt": "x\ny\n",
        "jsonl": '{"id": "1", "text": "x", "pred_text": "x"}\n{"id": "2", "text": "y", "pred_text": "y"}\n',
        "csv": "id,text,pred_text\n1,x,x\n2,y,y\n",
        "kaldi": "1 x\n2 y\n",
    }[kind]
    changed = (
        content.replace("\n", "\r") if odd == "carriage returns" else "\ufeff\ufeff" + content.replace("\n", "\n\ufeff")
    )
    ref, hyp = write(tmp_path / f"r.{kind}", content), tmp_path / f"h.{kind}"
    hyp.write_bytes(changed.removesuffix("\ufeff").encode())
    formats = ("kaldi", "kaldi") if kind == "kaldi" else (None, None)
    found = run(ref, [hyp], Wanted(normalizer="none", formats=formats))
    assert len(found.utterances) == 2 and found.systems[0].counts.errors == 0 and not found.systems[0].missing


def test_nan_for_a_text_is_none(tmp_path: Path) -> None:
    ref = write(tmp_path / "r.jsonl", '{"id": "a", "text": "x"}\n{"id": "b", "text": "y"}\n')
    hyp = write(tmp_path / "h.jsonl", '{"id": "a", "pred_text": "x"}\n{"id": "b", "pred_text": NaN}\n')
    assert run(ref, [hyp], Wanted(normalizer="none")).systems[0].missing == ("b",)


def test_marks_of_what_was_recognised_count_as_with_sclite(tmp_path: Path) -> None:
    """As sclite, which finds no error; before, 6 of 3 words, because the references have no marks."""
    ref, hyp = write(tmp_path / "r.trn", "a b c (s-1)\n"), write(tmp_path / "h.trn", "a { b / x } @ c;tag (s-1)\n")
    assert run(ref, [hyp], Wanted(normalizer="none", convention="sclite")).systems[0].counts.errors == 0
    with pytest.raises(InputError, match=r"h\.trn line 1: a '}'"):
        write(hyp, "a } c (s-1)\n")
        run(ref, [hyp], Wanted(normalizer="none", convention="sclite"))
