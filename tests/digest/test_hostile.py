"""Hostile titles, abstracts, feeds and posts pass through every output and stay text."""

from __future__ import annotations

import json
import re
import shutil
import time
import xml.etree.ElementTree as ET
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hostile import DOCUMENTS, LINKS, SETTINGS_WITH_FEED, TITLES, hostile_answers
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from recordings import (
    FRIDAY,
    Made,
    answer,
    api_address,
    hub_answers,
    run_one_day,
    story_answers,
    whole_day,
)
from support.browser import opened

from asrcli.digest.mindmap import build_tree, mindmap_html, outline_markdown, outline_opml
from asrcli.digest.pages.readme import markers, update_readme
from asrcli.digest.run import load_edition, load_editions
from asrcli.digest.store import Store
from asrcli.digest.verify import verify_day
from asrcli.reports.blocks import replace_block
from asrcli.web.cleaning import clean, escape_markdown, file_name, markdown_link, safe_url
from asrcli.web.markup import MarkupError, read_xml

SOURCES = ("arxiv", "hf", "github", "rss", "hn")
FORBIDDEN = re.compile(
    "[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad\U000e0000-\U000e0fff\x00-\x08\x0b\x0c\x0e-\x1f]"
)
PAGES = ("daily/*.md", "daily/*.html", "daily/*.json", "*.md", "*.xml", "*.json", "mindmap.html", "mindmap.opml")


@pytest.fixture(scope="module")
def spoiled_day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day full of hostile texts, with every page that is made without speech."""
    out = tmp_path_factory.mktemp("spoiled") / "digest"
    run_one_day(out, hostile_answers(), sources=SOURCES, settings=SETTINGS_WITH_FEED)
    tree = build_tree(load_editions(out), TITLES[3])
    for name, text in (
        ("mindmap.html", mindmap_html(tree)),
        ("mindmap.md", outline_markdown(tree)),
        ("mindmap.opml", outline_opml(tree)),
    ):
        (out / name).write_text(text)
    assert [path.name for path in out.parent.iterdir()] == ["digest"], "nothing is written outside"
    return out


@pytest.fixture
def spoiled(spoiled_day: Path, out: Path) -> Path:
    """A copy of that day, to be changed."""
    return Path(shutil.copytree(spoiled_day, out))


def pages(out: Path) -> list[Path]:
    return sorted({path for pattern in PAGES for path in out.glob(pattern)})


def test_every_hostile_paper_is_reported_and_verifies(spoiled):
    edition = load_edition(spoiled, str(FRIDAY))
    assert len(edition.papers) == len(TITLES)
    assert {line.kind for line in edition.lines} >= {"story", "article", "release", "dataset"}
    assert len(pages(spoiled)) >= 10
    with closing(Store(spoiled / "digest.sqlite")) as store:
        assert verify_day(spoiled, str(FRIDAY), store).problems == []


def test_no_invisible_or_control_character_is_in_any_page(spoiled):
    for path in pages(spoiled):
        found = FORBIDDEN.search(path.read_text("utf-8"))
        assert found is None, (path.name, found)


def links_of(tokens):
    for token in tokens:
        if token.type == "link_open":
            yield token.attrs["href"]
        if token.children:
            yield from links_of(token.children)


def kinds_of(tokens):
    for token in tokens:
        yield token.type
        if token.children:
            yield from kinds_of(token.children)


def test_markdown_holds_no_markup_of_strangers(spoiled):
    reader = MarkdownIt("commonmark", {"html": True, "linkify": False}).enable(["table", "strikethrough"])
    for path in spoiled.rglob("*.md"):
        tokens = reader.parse(path.read_text("utf-8"))
        kinds = set(kinds_of(tokens))
        assert not kinds & {
            "html_inline",
            "html_block",
            "image",
            "fence",
            "code_block",
            "blockquote_open",
            "s_open",
            "ordered_list_open",
        }, path.name
        for href in links_of(tokens):
            assert href.startswith(("https://", "http://")), (path.name, href)
            assert "@" not in href.partition("://")[2].partition("/")[0], href
    day = (spoiled / f"daily/{FRIDAY}.md").read_text("utf-8")
    headings = [token for token in reader.parse(day) if token.type == "heading_open" and token.tag == "h1"]
    assert len(headings) == 1


class Collector(HTMLParser):
    """What a browser would see, roughly: tags and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


@pytest.mark.parametrize("name", [f"daily/{FRIDAY}.html", "mindmap.html"])
def test_html_holds_no_element_or_handler_of_strangers(spoiled, name):
    text = (spoiled / name).read_text("utf-8")
    reader = Collector()
    reader.feed(text)
    allowed = set(
        [
            "html",
            "head",
            "meta",
            "link",
            "title",
            "style",
            "body",
            "h1",
            "h2",
            "h3",
            "p",
            "a",
            "ul",
            "ol",
            "li",
            "span",
            "strong",
            "b",
            "article",
            "table",
            "thead",
            "tbody",
            "tr",
            "th",
            "td",
            "header",
            "script",
            "div",
            "details",
            "summary",
            "q",
            "input",
            "button",
        ]
    )
    assert {tag for tag, _ in reader.tags} <= allowed
    scripts = [attributes for tag, attributes in reader.tags if tag == "script"]
    assert scripts == [{}]
    for tag, attributes in reader.tags:
        assert not [key for key in attributes if key.startswith("on") or key in ("style", "src", "srcdoc", "srcset")], (
            tag,
            attributes,
        )
        if tag == "a":
            assert str(attributes["href"]).startswith(("https://", "http://"))
    policies = [
        attributes["content"]
        for tag, attributes in reader.tags
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert len(policies) == 1 and policies[0].startswith("default-src 'none'") and "unsafe" not in policies[0]


def test_the_policy_hashes_are_those_of_the_inline_texts(spoiled):
    import base64
    import hashlib

    text = (spoiled / "mindmap.html").read_text("utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1].replace("&#x27;", "'")
    for inline in (
        re.search(r"<style>(.*?)</style>", text, re.S)[1],
        re.search(r"<script>(.*?)</script>", text, re.S)[1],
    ):
        assert f"'sha256-{base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()}'" in policy


def test_feeds_and_outlines_stay_well_formed_and_hold_safe_html(spoiled):
    for name in ("feed.xml", "mindmap.opml"):
        ET.parse(spoiled / name)
    for entry in ET.parse(spoiled / "feed.xml").iter("{http://www.w3.org/2005/Atom}content"):
        reader = Collector()
        reader.feed(entry.text)
        assert {tag for tag, _ in reader.tags} <= {"p", "ul", "ol", "li", "a", "span", "strong", "b", "q"}
    assert json.loads((spoiled / "feed.json").read_text("utf-8"))["items"]


def test_a_readme_keeps_its_markers_and_the_second_time_changes_nothing(spoiled, tmp_path):
    readme = tmp_path / "README.md"
    blocks = "\n\n".join("\n".join(markers(name)) for name in ("papers", "models", "ideas", "status"))
    readme.write_text(f"# Mine\n\n{blocks}\n\nafter \\g<0>\n")
    assert update_readme(readme, load_editions(spoiled), None) == ["papers", "models", "ideas", "status"]
    once = readme.read_text("utf-8")
    for name in ("papers", "models", "ideas", "status"):
        assert all(once.count(marker) == 1 for marker in markers(name))
    assert once.startswith("# Mine\n\n") and once.endswith("after \\g<0>\n")
    update_readme(readme, load_editions(spoiled), None)
    assert readme.read_text("utf-8") == once


@pytest.mark.parametrize("text", ["a b", "a S b E c S d", "E S", "S", "S S E"])
def test_broken_markers_write_nothing(text, tmp_path):
    from asrcli.errors import InputError

    start, end = markers("papers")
    path = tmp_path / "README.md"
    path.write_text(text.replace("S", start).replace("E", end))
    before = path.read_bytes()
    with pytest.raises(InputError):
        update_readme(path, [], None)
    assert path.read_bytes() == before
    with pytest.raises(InputError):
        replace_block(f"{start}{end}", start, end, f"x {end}")


@pytest.mark.slow
def test_the_transcript_and_the_script_survive(spoiled):
    """VTT cue times are the only arrows, cues do not overlap, and nothing but words reaches the voice."""
    from asrcli.digest.podcast.episode import lines_of, perform, web_vtt
    from asrcli.digest.podcast.script import script_markdown, write_script
    from asrcli.digest.podcast.speech import Speech, spread

    class Silent:
        name = "silent"

        def speak(self, lines):
            import numpy as np

            return [Speech(np.zeros(16000, np.int16), 16000, spread(line, 1.0)) for line in lines]

    script = write_script(load_edition(spoiled, str(FRIDAY)), 60)
    for line in lines_of(script, {}):
        assert not re.search(r"\[\[|[<>\\{}]", line.said) and not line.said.startswith("-"), line.said
    vtt = web_vtt(perform(script, Silent()))
    timing = re.compile(r"^\d\d:\d\d:\d\d\.\d{3} --> \d\d:\d\d:\d\d\.\d{3}$")
    assert all(timing.match(line) for line in vtt.splitlines() if "-->" in line)
    blocks = vtt.strip().split("\n\n")
    assert blocks[0] == "WEBVTT" and all(
        len(block.splitlines()) == 2 and timing.match(block.splitlines()[0]) for block in blocks[1:]
    )
    starts = [block.split(" --> ")[0] for block in blocks[1:]]
    assert starts == sorted(starts)
    kinds = set(kinds_of(MarkdownIt("commonmark", {"html": True}).parse(script_markdown(script))))
    assert not kinds & {"html_inline", "html_block", "image", "fence", "code_block"}


def test_nothing_is_written_outside(spoiled):
    inside = {str(path.relative_to(spoiled)) for path in spoiled.rglob("*") if path.is_file()}
    assert inside == {
        ".asr/made.jsonl", "daily/.asr/made.jsonl", "digest.sqlite", "feed.json",
        "feed.xml", "ideas.md", "mindmap.html", "mindmap.md", "mindmap.opml", "papers.md", "topics.md",
        *(f"daily/{FRIDAY}.{suffix}" for suffix in ("md", "html", "json")),
    }  # fmt: skip
    assert [path.name for path in spoiled.parent.iterdir()] == ["digest"]


def test_hostile_papers_change_no_other_paper(run, tmp_path):
    """Neither the text nor the score nor the order of honest papers depends on what else was announced."""
    honest = [
        Made("2604.90001"),
        Made("2604.90002", "Diarisation with ASR", "We present ASR for meetings. It fails on noise."),
    ]
    editions = []
    for name, answers in (("alone", [*whole_day(honest)]), ("among", hostile_answers(honest))):
        edition = run_one_day(tmp_path / name, answers, sources=("arxiv",))
        editions.append([paper for paper in edition.papers if paper.id.startswith("arxiv:2604.9000")])
    assert editions[0] == editions[1] and len(editions[0]) == 2


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_that_attack_parsers_end_as_failures_at_once(name, run):
    begun = time.process_time()
    body = DOCUMENTS[name]
    urls = [
        "https://rss.arxiv.org/atom/eess.AS",
        api_address(),
        "https://github.com/openai/whisper/releases.atom",
        "https://example.org/feed.xml",
    ]
    urls += [one.url for one in (*hub_answers([]), *story_answers([]))]
    edition = run([answer(url, body) for url in urls], sources=SOURCES, settings=SETTINGS_WITH_FEED)
    assert {source.state for source in edition.sources} == {"failed"}
    assert edition.exit_code == 4
    assert time.process_time() - begun < 20  # a bomb takes minutes or all memory; this is no measurement


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_document_types_are_refused_in_every_encoding_and_only_as_such(encoding):
    with pytest.raises(MarkupError, match="document type"):
        read_xml("<!DOCTYPE x [<!ENTITY y 'z'>]><x>&y;</x>".encode(encoding))
    document = read_xml("<x><![CDATA[<!DOCTYPE html><!ENTITY>]]></x>".encode(encoding))
    assert document.root.text == "<!DOCTYPE html><!ENTITY>"


@settings(max_examples=200)
@given(st.one_of(st.text(), st.text("<>&\"'`[]()!|#*_-\\/:= \n\u202e\u200babc1.")))
def test_escaped_markdown_reads_as_the_cleaned_text(text):
    """A CommonMark reader gives back exactly the text, in a paragraph, a list and a link."""
    reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    plain = clean(text)
    for written, strip in (
        (f"x {escape_markdown(text)}", 2),
        (f"- x {escape_markdown(text)}", 2),
        (markdown_link(f"x {text}", "https://example.org/"), 2),
    ):
        tokens = [token for token in reader.parse(written) if token.type == "inline"]
        assert len(tokens) == 1
        found = "".join(child.content for child in tokens[0].children if child.type in ("text", "text_special"))
        assert clean(found[strip:]) == plain, written
        assert {child.type for child in tokens[0].children} <= {"text", "text_special", "link_open", "link_close"}


@settings(max_examples=200)
@given(st.text())
def test_clean_is_idempotent_and_names_stay_in_their_folder(text):
    assert clean(clean(text)) == clean(text)
    assert not FORBIDDEN.search(clean(text))
    name = file_name(text)
    assert name not in (".", "..") and "/" not in name and "\\" not in name and not name.startswith("-")


def test_links_of_strangers():
    kept = [safe_url(link) for link in LINKS]
    assert kept == [
        "",
        "",
        "",
        "",
        "",
        "",
        "https://evil.example/%29%5D%28https://evil.example/",
        "https://evil.example/%3Cscript%3E",
        "",
        "",
        "",
        "",
    ]


def browse(page: Path, work: Path) -> tuple[set[str], list[str], str]:
    """Open a page in Chromium without a network; return what the page asked for, console lines and the final tree."""
    log = work / "net.json"
    more = (f"--log-net-log={log}", "--virtual-time-budget=3000", "--host-resolver-rules=MAP * ~NOTFOUND")
    tree, said = opened(page, work / "profile", *more)
    console = [line for line in said.splitlines() if "CONSOLE" in line]
    written = log.read_text(errors="replace").rstrip()
    events = json.loads(written if written.endswith("}") else written.rstrip(",") + "]}")["events"]
    urls = {
        str(event["params"]["url"])
        for event in events
        if isinstance(event.get("params"), dict) and "url" in event["params"]
    }
    own = ("file:", "data:", "chrome:", "devtools:", "about:")
    return (
        {url for url in urls if not url.startswith(own) and "google" not in url},
        console,
        tree,
    )


@pytest.mark.slow
@pytest.mark.parametrize("guarded", [True, False], ids=["with the policy", "without it"])
@pytest.mark.parametrize("name", [f"daily/{FRIDAY}.html", "mindmap.html", "unfolded.html"])
def test_chromium_makes_no_request_and_runs_nothing(spoiled, name, guarded, tmp_path):
    """Also without the policy: escaping alone must hold, and the policy is a second wall."""
    tree = build_tree(load_editions(spoiled), TITLES[3])
    (spoiled / "unfolded.html").write_text(mindmap_html(tree, unfolded=9))
    page = spoiled / name
    if not guarded:
        text, removed = re.subn('<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.read_text("utf-8"))
        assert removed == 1
        page.write_text(text)
    requests, console, found = browse(page, tmp_path)
    assert requests == set() and console == []
    assert "data-pwn" not in re.search("<html[^>]*>", found)[0]
    if "daily" not in name:
        assert found.count('class="node') >= len(TITLES)


@pytest.mark.slow
def test_hostile_texts_leave_the_pages_readable(spoiled, tab):
    assert tab.faults(spoiled / f"daily/{FRIDAY}.html") == tab.faults(spoiled / "mindmap.html") == []


@pytest.mark.slow
def test_the_browser_would_have_noticed(tmp_path):
    """The control: a careless page makes a request, runs a script and says something on the console."""
    page = tmp_path / "careless.html"
    page.write_text(
        "<img src=https://evil.example/x.png onerror='console.error(1);document.documentElement.dataset.pwn=1'>"
    )
    requests, console, found = browse(page, tmp_path)
    assert requests == {"https://evil.example/x.png"} and console and 'data-pwn="1"' in found
