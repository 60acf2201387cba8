"""Languages by code and by name, so that ``-l de``, ``-l German`` and ``-l zh-CN`` all work.

Codes are ISO 639-1 where there is one, else 639-3; the set is what Whisper, Qwen3-ASR and the other engines name.
"""

from __future__ import annotations

from asrcli.base.hints import hint
from asrcli.errors import UsageError

NAMES = {
    "af": "afrikaans", "am": "amharic", "ar": "arabic", "as": "assamese", "az": "azerbaijani", "ba": "bashkir",
    "be": "belarusian", "bg": "bulgarian", "bn": "bengali", "bo": "tibetan", "br": "breton", "bs": "bosnian",
    "ca": "catalan", "cs": "czech", "cy": "welsh", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "es": "spanish", "et": "estonian", "eu": "basque", "fa": "persian", "fi": "finnish", "fil": "filipino",
    "fo": "faroese", "fr": "french", "gl": "galician", "gu": "gujarati", "ha": "hausa", "haw": "hawaiian",
    "he": "hebrew", "hi": "hindi", "hr": "croatian", "ht": "haitian creole", "hu": "hungarian", "hy": "armenian",
    "id": "indonesian", "is": "icelandic", "it": "italian", "ja": "japanese", "jw": "javanese", "ka": "georgian",
    "kk": "kazakh", "km": "khmer", "kn": "kannada", "ko": "korean", "la": "latin", "lb": "luxembourgish",
    "ln": "lingala", "lo": "lao", "lt": "lithuanian", "lv": "latvian", "mg": "malagasy", "mi": "maori",
    "mk": "macedonian", "ml": "malayalam", "mn": "mongolian", "mr": "marathi", "ms": "malay", "mt": "maltese",
    "my": "myanmar", "ne": "nepali", "nl": "dutch", "nn": "nynorsk", "no": "norwegian", "oc": "occitan",
    "pa": "punjabi", "pl": "polish", "ps": "pashto", "pt": "portuguese", "ro": "romanian", "ru": "russian",
    "sa": "sanskrit", "sd": "sindhi", "si": "sinhala", "sk": "slovak", "sl": "slovenian", "sn": "shona",
    "so": "somali", "sq": "albanian", "sr": "serbian", "su": "sundanese", "sv": "swedish", "sw": "swahili",
    "ta": "tamil", "te": "telugu", "tg": "tajik", "th": "thai", "tk": "turkmen", "tl": "tagalog", "tr": "turkish",
    "tt": "tatar", "uk": "ukrainian", "ur": "urdu", "uz": "uzbek", "vi": "vietnamese", "yi": "yiddish",
    "yo": "yoruba", "yue": "cantonese", "zh": "chinese",
}  # fmt: skip

ALIASES = {
    "burmese": "my", "valencian": "ca", "flemish": "nl", "haitian": "ht", "letzeburgesch": "lb", "pushto": "ps",
    "panjabi": "pa", "moldavian": "ro", "moldovan": "ro", "sinhalese": "si", "castilian": "es", "mandarin": "zh",
    "farsi": "fa", "macedonian": "mk", "jv": "jw", "iw": "he", "in": "id", "nb": "no", "ji": "yi", "mo": "ro",
    # Names that speakers type; "Deutsch" is no slip for "dutch".
    "deutsch": "de", "français": "fr", "francais": "fr", "español": "es", "espanol": "es", "italiano": "it",
    "português": "pt", "portugues": "pt", "nederlands": "nl", "polski": "pl", "svenska": "sv", "norsk": "no",
    "dansk": "da", "suomi": "fi", "čeština": "cs", "magyar": "hu", "română": "ro", "türkçe": "tr", "català": "ca",
    "ελληνικά": "el", "русский": "ru", "українська": "uk", "العربية": "ar", "עברית": "he", "हिन्दी": "hi",
    "中文": "zh", "普通话": "zh", "粤语": "yue", "日本語": "ja", "한국어": "ko", "ไทย": "th", "tiếng việt": "vi",
    # The language of a macrolanguage of ISO 639-3 that its code nearly always means.
    "als": "sq", "arb": "ar", "azj": "az", "cmn": "zh", "ekk": "et", "khk": "mn", "lvs": "lv", "npi": "ne",
    "pbu": "ps", "pes": "fa", "plt": "mg", "swh": "sw", "uzn": "uz", "ydd": "yi", "zsm": "ms",
}  # fmt: skip
# Languages of which a file may mark one by the code of the other: FFmpeg shows Cantonese as Chinese.
KIN = ({"zh", "yue"}, {"no", "nn"}, {"fil", "tl"})

# Containers of media name languages by ISO 639-2, some of them twice. langcodes has the same table; to import it takes
# 80 ms, and every MP4 has such a code.
THREE_LETTERS = {
    "afr": "af", "amh": "am", "ara": "ar", "asm": "as", "aze": "az", "bak": "ba", "bel": "be", "bul": "bg",
    "ben": "bn", "bod": "bo", "tib": "bo", "bre": "br", "bos": "bs", "cat": "ca", "ces": "cs", "cze": "cs",
    "cym": "cy", "wel": "cy", "dan": "da", "deu": "de", "ger": "de", "ell": "el", "gre": "el", "eng": "en",
    "spa": "es", "est": "et", "eus": "eu", "baq": "eu", "fas": "fa", "per": "fa", "fin": "fi", "fao": "fo",
    "fra": "fr", "fre": "fr", "glg": "gl", "guj": "gu", "hau": "ha", "heb": "he", "hin": "hi", "hrv": "hr",
    "hat": "ht", "hun": "hu", "hye": "hy", "arm": "hy", "ind": "id", "isl": "is", "ice": "is", "ita": "it",
    "jpn": "ja", "jav": "jw", "kat": "ka", "geo": "ka", "kaz": "kk", "khm": "km", "kan": "kn", "kor": "ko",
    "lat": "la", "ltz": "lb", "lin": "ln", "lao": "lo", "lit": "lt", "lav": "lv", "mlg": "mg", "mri": "mi",
    "mao": "mi", "mkd": "mk", "mac": "mk", "mal": "ml", "mon": "mn", "mar": "mr", "msa": "ms", "may": "ms",
    "mlt": "mt", "mya": "my", "bur": "my", "nep": "ne", "nld": "nl", "dut": "nl", "nno": "nn", "nor": "no",
    "nob": "no", "oci": "oc", "pan": "pa", "pol": "pl", "pus": "ps", "por": "pt", "ron": "ro", "rum": "ro",
    "rus": "ru", "san": "sa", "snd": "sd", "sin": "si", "slk": "sk", "slo": "sk", "slv": "sl", "sna": "sn",
    "som": "so", "sqi": "sq", "alb": "sq", "srp": "sr", "sun": "su", "swe": "sv", "swa": "sw", "tam": "ta",
    "tel": "te", "tgk": "tg", "tha": "th", "tuk": "tk", "tgl": "tl", "tur": "tr", "tat": "tt", "ukr": "uk",
    "urd": "ur", "uzb": "uz", "vie": "vi", "yid": "yi", "yor": "yo", "zho": "zh", "chi": "zh",
}  # fmt: skip

# Models recognise these as the language that stands first, and have no code for each.
DIALECTS = {
    "zh": (
        "anhui", "dongbei", "fujian", "gan", "gansu", "guizhou", "hakka", "hebei", "henan", "hokkien", "hubei", "hunan",
        "jiangxi", "jin", "minnan", "ningxia", "shaanxi", "shandong", "shanghainese", "shanxi", "sichuan",
        "sichuanese", "taiwanese", "teochew", "tianjin", "wu", "xiang", "yunnan", "zhejiang", "wuu", "nan", "hak",
        "hsn", "cjy",
    ),
    "yue": ("guangdong", "hong kong", "hongkong"),
    "ar": ("arz", "apc", "ary", "aeb", "afb", "acm", "apd", "acw", "ayl", "arq", "ajp"),
}  # fmt: skip


def language_code(text: str) -> str:
    """Return the code for a code or a name, whatever its case; a region (``pt-BR``, ``zh_CN``) is dropped.

    Raises:
        UsageError: no such language, or a dialect that has no code of its own here.
    """
    wanted = text.strip().lower()
    names = {name: code for code, name in NAMES.items()} | ALIASES | THREE_LETTERS
    for one in (wanted, wanted.replace("_", "-").split("-")[0]):
        if one in NAMES:
            return one
        if one in names:
            return names[one]
    for code, dialects in DIALECTS.items():
        if wanted in dialects or wanted.removesuffix(" dialect") in dialects:
            language = NAMES[code].capitalize()
            raise UsageError(f"language '{text}': models know it as {language}; use --language {code}")
    alike = (name for name in [*names, *NAMES] if len(name) > 3 or len(wanted) <= 3)  # a name is no slip for a code
    near = hint(wanted, alike, "give a code such as en, or a name such as English")
    raise UsageError(f"unknown language '{text}': {near}")
