"""The record of how each output was made, where outputs are objects of a store: an object beside them for each.

An object is written whole or not at all, and only over the one that was looked at, so that nothing is lost between a
look and the write. ``.asr/made/ID.json`` is written before and after its output, as the lines of `Ledger` are.
"""

from __future__ import annotations

import json
import os
import threading
from typing import Any

from asrcli.errors import InputError, OutputError
from asrcli.outputs import recipes
from asrcli.outputs.identity import Identity
from asrcli.outputs.ledger import STATE, Kept, Ledger, as_bytes, digest_of_content, is_entry
from asrcli.outputs.recipes import Recipe
from asrcli.places.blocks import Facts
from asrcli.places.stores import ANYWAY, Taken, located

MOST_RECORD = 1 << 20  # bytes
MOST_OUTPUT = 1 << 28  # bytes of an output that is read to see whether it was edited
REMEMBERED = 20  # hashes of what was written under a name
TRIES = 5  # while another run writes the same record
Record = dict[str, Any]


class LedgerElsewhere(Ledger):
    """The record of how each output of a folder of a store was made."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._seen: dict[str, Facts | None] = {}  # of each output that was looked at
        self._records: dict[str, tuple[Record, Facts | None]] = {}  # by the name of the output
        self._guard = threading.Lock()

    def catch_up(self) -> None:
        """Forget what was seen: others may have written since."""
        with self._guard:
            self._seen.clear()
            self._records.clear()

    def kept(self, output: str) -> Kept | None:
        """Return why an object must not be replaced: it is not ours, or not as we wrote it. ``None``: it may be."""
        facts = self._facts(output)
        if facts is None or not facts.size:
            return None
        record, _ = self._record(os.path.relpath(output, self.folder))
        if not record.get("written"):
            return Kept("asr did not make it, or its record is gone")
        if facts.tag and facts.tag == record.get("tag"):
            return None
        if facts.size > MOST_OUTPUT:
            return Kept("it was edited after asr wrote it", True)
        with located(output, OutputError) as (bucket, key):
            digest = digest_of_content(bucket.read(key, MOST_OUTPUT)[0])
        return None if digest in record["written"] else Kept("it was edited after asr wrote it", True)

    def write(
        self,
        output: str,
        content: str | bytes,
        audio: Identity | None = None,
        recipe: Recipe | None = None,
        *,
        force: bool = False,
    ) -> None:
        """Write an output and record how it was made, as `Ledger.write` does.

        Raises:
            OutputError: it cannot be written, or an object is there that is not ours, or not as asr wrote it.
        """
        self.catch_up()
        if not force and (kept := self.kept(output)):
            raise OutputError(f"'{output}' is {kept}")
        there = self._facts(output)
        name, data = os.path.relpath(output, self.folder), as_bytes(content)
        self._put(name, digest_of_content(data), {})
        with located(output, OutputError) as (bucket, key):
            try:
                made = bucket.write(key, data, ANYWAY if force else there)
            except Taken:
                raise OutputError(f"'{output}' was written by others meanwhile; the same command looks again") from None
        more: Record = {"tag": made.tag}
        if audio is not None and recipe is not None:
            more |= {"audio": audio.facts(), "recipe": recipes.kept(recipe)}
        self._put(name, digest_of_content(data), more)

    def _is_there(self, output: str) -> bool:
        return self._facts(output) is not None

    def _entry(self, name: str) -> Record | None:
        record = self._record(name)[0]
        return record if is_entry(record) else None

    def _facts(self, output: str) -> Facts | None:
        """Return what is said of an output, asked once until `catch_up`."""
        if output not in self._seen:
            with located(output, OutputError) as (bucket, key):
                self._seen[output] = bucket.facts(key)
        return self._seen[output]

    def _record(self, name: str) -> tuple[Record, Facts | None]:
        """Return the record of an output, empty where there is none, and what is said of its object."""
        if name not in self._records:
            with located(self._place(name), OutputError) as (bucket, key):
                try:
                    data, facts = bucket.read(key, MOST_RECORD)
                    self._records[name] = _record_of(data, name), facts
                except FileNotFoundError:
                    self._records[name] = {}, None
                except InputError as error:
                    raise OutputError(str(error)) from None
        return self._records[name]

    def _put(self, name: str, digest: str, more: Record) -> None:
        """Write the record of an output over the one that was read, again when another run was quicker."""
        place = self._place(name)
        for _ in range(TRIES):
            record, facts = self._record(name)
            written = [one for one in record.get("written", ()) if one != digest][1 - REMEMBERED :]
            new: Record = {"output": name, "written": [*written, digest], **more}
            data = json.dumps(new, ensure_ascii=False).encode("utf-8", "surrogateescape")
            with located(place, OutputError) as (bucket, key):
                try:
                    self._records[name] = new, bucket.write(key, data, facts)
                    return
                except Taken:
                    self._records.pop(name, None)
        raise OutputError(f"cannot write '{place}': others write it all the time")

    def _place(self, name: str) -> str:
        return f"{self.folder}/{STATE}/made/{digest_of_content(name)}.json"


def _record_of(data: bytes, name: str) -> Record:
    """Return a record as it was written; an empty one where it is anything else."""
    try:
        record = json.loads(data.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError):
        return {}
    written = record.get("written") if isinstance(record, dict) else None
    right = isinstance(written, list) and all(isinstance(one, str) for one in written)
    return record if right and record.get("output") == name else {}
