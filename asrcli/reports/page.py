"""Reports as one HTML file: nothing is fetched, and no text of the data can become a script.

The data stands in the page as JSON with every ``<``, ``>`` and ``&`` escaped, the script puts it into the page as text,
and a content security policy lets only this very script and style run, by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Iterable, Iterator
from importlib.resources import files
from typing import Any

encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def page_pieces(package: str, heading: str, data: Iterable[str], allowed: str = "") -> Iterator[str]:
    """Yield a page made of ``body.html``, ``style.css`` and ``script.js`` of a package, with data for the script.

    Args:
        data: pieces of what the script reads from the element ``data``, made safe by `dump`.
        allowed: more directives of the content security policy, each with ``; `` after it.
    """
    body, style, script = (
        files(package).joinpath(name).read_text(encoding="utf-8") for name in ("body.html", "style.css", "script.js")
    )
    yield head(heading, style, script, allowed) + body + '<script type="application/json" id="data">'
    yield from data
    yield f"</script>\n<script>{script}</script>\n</body>\n</html>\n"


def head(title: str, style: str, script: str = "", allowed: str = "") -> str:
    """Return a page up to its body; the policy lets only this style and script run, and nothing be fetched."""
    scripts = f"script-src 'sha256-{digest(script)}'; " if script else ""
    policy = f"{scripts}style-src 'sha256-{digest(style)}'; {allowed}base-uri 'none'; form-action 'none'"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; {policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{html.escape(title)}</title>
<style>{style}</style>
</head>
<body>
"""


def digest(text: str) -> str:
    """Return the hash by which the policy knows a script or style."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


UNSAFE = re.compile("[<>&\x00-\x1f\u2028\u2029\ud800-\udfff]")


def dump(data: Any) -> str:
    """Return JSON that cannot end the element that it stands in, nor open another."""
    return UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", encode(data))
