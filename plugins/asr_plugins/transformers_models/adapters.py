"""Adapters of MMS (Pratap et al. 2023): one network for a thousand languages, with small layers and letters for each.

The layers of a language are in ``adapter.CODE.safetensors`` beside the network, its letters in ``vocab.json`` under the
same code. Codes are those of ISO 639-3, some with a script (``cmn-script_simplified``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from asrcli.errors import UsageError

# ISO 639-3 for the codes that asr uses, as MMS names them; where it has several scripts, the first that is there.
CODES = """
af:afr am:amh ar:ara as:asm az:azj-script_latin az:azj-script_cyrillic ba:bak be:bel bg:bul bn:ben bo:bod br:bre bs:bos
ca:cat cs:ces cy:cym da:dan de:deu el:ell en:eng es:spa et:est eu:eus fa:fas fi:fin fil:tgl fo:fao fr:fra gl:glg gu:guj
ha:hau he:heb hi:hin hr:hrv ht:hat hu:hun hy:hye id:ind is:isl it:ita ja:jpn jw:jav ka:kat kk:kaz km:khm kn:kan ko:kor
la:lat lb:ltz ln:lin lo:lao lt:lit lv:lav mg:mlg mi:mri mk:mkd ml:mal mn:mon mr:mar ms:zlm mt:mlt my:mya ne:npi nl:nld
nn:nno no:nob oc:oci pa:pan pl:pol ps:pus pt:por ro:ron ru:rus sa:san sd:snd si:sin sk:slk sl:slv sn:sna so:som sq:sqi
sr:srp-script_latin sr:srp-script_cyrillic su:sun sv:swe sw:swh ta:tam te:tel tg:tgk th:tha tk:tuk tl:tgl tr:tur tt:tat
uk:ukr ur:urd-script_arabic uz:uzb-script_latin uz:uzb-script_cyrillic vi:vie yi:yid yo:yor yue:yue-script_traditional
zh:cmn-script_simplified
"""


def has_adapters(config: Any) -> bool:
    """Return whether a network needs the adapter of a language."""
    return getattr(config, "adapter_attn_dim", None) is not None


def find_adapter(folder: Path, language: str | None) -> str:
    """Return the code of the adapter for a language.

    Raises:
        UsageError: the language is not named, or its adapter is not in the folder.
    """
    here = sorted(path.name.split(".")[1] for path in folder.glob("adapter.*.safetensors"))
    shown = ", ".join(here[:8]) + (", ..." if len(here) > 8 else "") if here else "none"
    if language is None:
        raise UsageError(f"'{folder.name}' has letters of its own for each language: give --language (here: {shown})")
    pairs = [pair.split(":") for pair in CODES.split()]
    wanted = [adapter for code, adapter in pairs if code == language] or [language]
    for adapter in wanted:
        if adapter in here:
            return adapter
    raise UsageError(
        f"'{folder}' has no adapter for language '{language}', only: {shown}; "
        f"download adapter.{wanted[0]}.safetensors into it"
    )


def load_adapter(network: Any, tokenizer: Any, folder: Path, adapter: str) -> None:
    """Put the layers and the letters of a language in place.

    Raises:
        ModelError: the adapter is damaged, or the vocabulary has no letters for it.
    """
    from asrcli.weights.library import loading

    with loading(f"the adapter '{adapter}' of '{folder}' cannot be loaded"):
        network.config._name_or_path = str(folder)
        network.load_adapter(adapter, force_load=True, local_files_only=True, use_safetensors=True)
        network.eval().requires_grad_(False)
        tokenizer.set_target_lang(adapter)
