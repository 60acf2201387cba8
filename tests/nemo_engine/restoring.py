"""Archives opened as NeMo's documentation says, on every Python: NeMo's own unpacking needs 3.11.4 (`tar` filters)."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any


def extract(archive: Path, folder: Path) -> Path:
    """Write the files of an archive that NeMo has made into a folder, as they are, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as tar:
        for member in tar:
            packed = tar.extractfile(member)
            if packed is not None:
                (folder / Path(member.name).name).write_bytes(packed.read())
    return folder


def restore(archive: Path, folder: Path) -> Any:
    """Return NeMo's own model of an archive, unpacked into a folder."""
    from nemo.collections.asr.models import ASRModel
    from nemo.core.connectors.save_restore_connector import SaveRestoreConnector

    parts = SaveRestoreConnector()
    parts.model_extracted_dir = str(extract(archive, folder))
    return ASRModel.restore_from(str(archive), map_location="cpu", save_restore_connector=parts)
