"""Addresses such as ``s3://bucket/name``: told from paths, checked, and named without what is secret in them.

An address travels through the program as a name that anybody may see: passwords are refused, and what a link carries
to be let in (a signature, a token) stays in this module's memory, from where only the request to its server takes it.
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
import re
from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import PurePosixPath
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from asrcli.errors import UsageError

ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
STORES = frozenset({"s3", "gs", "az"})
WEB = frozenset({"https", "http"})
KINDS = "https://, s3://, gs:// and az://"
ALLOWED = "ASR_ALLOW_HOST"  # hosts, joined by commas, that may be asked although they are not public
BUCKET = re.compile(r"[A-Za-z0-9$][A-Za-z0-9._-]{1,221}")
# What signs a link, which is another one each time for the same recording; and what else may let its bearer in.
SIGNED = re.compile(
    r"(x-amz|x-goog)-.*|googleaccessid|awsaccesskeyid|key-pair-id|signature|policy|expires", re.IGNORECASE
)
SHARED = frozenset(
    {"sv", "ss", "srt", "sp", "se", "st", "spr", "sr", "sip", "skoid", "sktid", "skt", "ske", "sks", "skv"}
)
SECRET = re.compile(r".*(token|key|auth|secret|password|credential|code|session|sig).*", re.IGNORECASE)
LONGEST_SHOWN = 15  # characters of a value
_offline = False
_whole: dict[str, str] = {}  # of each name, the address with what is secret in it


def is_address(path: str) -> bool:
    """Tell whether something names a place elsewhere; what lies here under such a name is a path."""
    return ADDRESS.match(path) is not None and not os.path.lexists(path)


def scheme_of(name: str) -> str:
    """Return the scheme of an address, in lower case."""
    return name.partition("://")[0].lower()


def is_stored(path: str) -> bool:
    """Tell whether something names an object of a store, which can be written and listed."""
    return is_address(path) and scheme_of(path) in STORES


def named(address: str) -> str:
    """Return the name by which an address is known from here on; nothing in it is secret.

    Raises:
        UsageError: it is none that can be read, it holds a password, or its package is not installed.
    """
    scheme, rest = scheme_of(address), address.partition("://")[2]
    if scheme not in STORES | WEB:
        raise UsageError(f"'{_without_user(address)}' is an address, and asr reads {KINDS}: copy it here first")
    if "@" in rest.partition("/")[0]:
        raise UsageError(
            f"'{_without_user(address)}' was given with a password: credentials are not read from addresses"
        )
    if any(ord(char) < 32 or ord(char) == 127 for char in address):
        raise UsageError(f"{address!r} holds characters that no address has")
    if _offline:
        raise UsageError(f"'{_without_user(address)}' is on the network, which --offline forbids")
    return _named_store(scheme, rest) if scheme in STORES else _named_web(address)


def _named_store(scheme: str, rest: str) -> str:
    bucket, _, key = rest.partition("/")
    if not BUCKET.fullmatch(bucket):
        raise UsageError(f"'{scheme}://{rest}': '{bucket}' is no name of a bucket; write {scheme}://BUCKET/NAME")
    if find_spec("obstore") is None:
        raise UsageError(f"'{scheme}://{rest}' needs the package obstore: pip install 'asrcli[remote]'")
    return f"{scheme}://{bucket}/{key}" if key else f"{scheme}://{bucket}"


def _named_web(address: str) -> str:
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise UsageError(f"'{_without_user(address)}' is no address: {error}") from None
    if not re.fullmatch(r"[A-Za-z0-9._:-]+", host):  # an IPv6 address has colons
        raise UsageError(f"'{_without_user(address)}' names no host")
    if parts.scheme == "http" and not may_be_plain(host, port):
        raise UsageError(
            f"'{_without_user(address)}' is not encrypted: write https:// (http:// only for an allowed loopback)"
        )
    place = f"{parts.scheme.lower()}://{parts.netloc.lower()}{parts.path or '/'}"
    name = place + _shown_query(parts.query)
    _whole[name] = place + (f"?{parts.query}" if parts.query else "")
    return name


def _shown_query(query: str) -> str:
    """Return a query without what lets its bearer in; two addresses of two recordings stay two."""
    pairs = parse_qsl(query, keep_blank_values=True)
    signed = {"sig", *SHARED} if any(name == "sig" for name, _ in pairs) else frozenset()  # Azure's shared access
    kept = []
    for name, value in pairs:
        if SIGNED.fullmatch(name) or name in signed:
            continue
        if len(value) > LONGEST_SHOWN or SECRET.fullmatch(name):
            value = "~" + hashlib.blake2b(value.encode(errors="surrogateescape"), digest_size=6).hexdigest()
        # Without a dot, so that the extension of the file is the last of the name.
        kept.append(f"{quote(name[:40], safe='')}={quote(value, safe='~')}".replace(".", "%2E"))
    return "?" + "&".join(kept) if kept else ""


def request_address(name: str) -> str:
    """Return the address that a name stands for, for the request to its server and nothing else."""
    return _whole.get(name, name)


def is_signed(name: str) -> bool:
    """Tell whether the address that a name stands for has something secret in it, which other processes do not get."""
    return request_address(name) != name


def _without_user(address: str) -> str:
    """Return an address as a message may show it: neither password nor parameters."""
    scheme, _, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path.partition('?')[0]}".partition("#")[0]


def bucket_and_key(name: str) -> tuple[str, str, str]:
    """Return scheme, bucket and key of an object's name."""
    scheme, _, rest = name.partition("://")
    bucket, _, key = rest.partition("/")
    return scheme, bucket, key


def join(folder: str, *parts: str) -> str:
    """Return the name of what lies below a folder of a store, or of this machine."""
    if is_address(folder):
        return "/".join([folder.rstrip("/"), *(part for part in parts if part)])
    return os.path.normpath(os.path.join(folder, *parts))


def file_of(name: str) -> PurePosixPath:
    """Return folder and file that an address ends in, as names of files can be: no part of it leads anywhere else."""
    path = name.partition("://")[2]
    if scheme_of(name) in WEB:
        path = unquote(path.partition("?")[0], errors="surrogateescape")
    parts = [re.sub(r"[\0-\x1f\x7f\\]", "_", part) for part in path.split("/")[1:]]
    safe = ["_" * len(part) if part in (".", "..") else part for part in parts if part]
    return PurePosixPath(path.partition("/")[0].replace(":", "_"), *(safe or ["index"]))


def below(name: str, root: str) -> str:
    """Return the folders of an address below another, as `file_of` has them."""
    own, top = file_of(name).parent.parts, file_of(f"{root.rstrip('/')}/-").parent.parts
    return "/".join(own[len(top) :] if own[: len(top)] == top else ())


def settle(hosts: Sequence[str] | None, *, offline: bool) -> None:
    """Say which hosts may be asked that are not public, here and in processes that this one starts; or that none may.

    Raises:
        UsageError: one is no name of a host.
    """
    global _offline
    _offline = offline
    for host in hosts or ():
        if not re.fullmatch(r"[A-Za-z0-9._-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?", host):
            raise UsageError(f"--allow-host '{host}' is no host: write a name or number, or HOST:PORT")
    if hosts:
        os.environ[ALLOWED] = ",".join(hosts)


def is_allowed(host: str, port: int | None) -> bool:
    """Tell whether the user lets a host be asked that is not public."""
    return bool(_spellings(host.lower(), port) & _allowed(os.environ.get(ALLOWED, "")))


@lru_cache(maxsize=8)
def _allowed(text: str) -> frozenset[str]:
    return frozenset(one.strip().lower() for one in text.split(",") if one.strip())


def _spellings(host: str, port: int | None) -> set[str]:
    shown = f"[{host}]" if ":" in host else host
    return {shown, f"{shown}:{port}"}


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine by its name or number."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def may_be_plain(host: str, port: int | None) -> bool:
    """Tell whether a host may be asked without encryption: this machine, and only where the user says so."""
    return is_loopback(host) and is_allowed(host, port)
