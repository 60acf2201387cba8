"""What each language writes its own way, made one: numbers, and letters of keyboards.

1.000,5 in German and 1 000,5 in French are 1000.5: thousands and decimals follow the number patterns of the Unicode
CLDR. Letters are those of Persian and Urdu by Arabic keyboards, Romanian with cedillas, Russian without ё, Vietnamese
tones in the old place, Thai and Lao am in two signs. What makes another word (Arabic vowel signs, Turkish circumflexes)
stays.
"""

from __future__ import annotations

import re
import unicodedata

from asrcli.text.signs import per_cent

# Languages that write a decimal comma, by what parts thousands. All others have a point and commas.
POINTS = frozenset("az bs ca da de el es eu fo gl hr id is it jv lb ln lo mk nl ps pt ro sl sr su tr vi".split())
SPACES = frozenset(
    "af ba be bg br cs eo et fi fr hu hy ka kk ky lt lv nb nn no oc pl ru sk sq sv tg tk tt uk uz".split()
)
GROUPS = re.compile(r"(?<=\d)[\u00a0\u2009\u202f\u066c](?=\d{3}(?!\d))")  # what parts thousands and nothing else
MILLIONS = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?: 000)+(?![\d]|[.,]\d)")
THOUSANDTHS = re.compile(r"(?<![\w.,/])([1-9]\d{0,2})\.(\d{3})(?![\w/]|[.,]\d)")
DOTLESS = frozenset({"tr", "az"})  # whose capital of i is İ, and whose I is a capital ı
CLOCK = {  # hours and minutes, as they are said: 15 Uhr 30
    "de": (re.compile(r"(?<![\d.,:])(\d{1,2})[:. ]([0-5]\d) uhr\b"), "uhr "),
    "nl": (re.compile(r"(?<![\d.,:])(\d{1,2})[:. ]([0-5]\d) uur\b"), "uur "),
    "fr": (re.compile(r"(?<![\d.,:])(\d{1,2}) ?h(?:eures?)?(?: ?([0-5]\d))?\b(?! ?\d)"), "heures "),
    "pt": (re.compile(r"(?<![\d.,:])(\d{1,2}) ?h(?:oras?)?(?: ?(?:e )?([0-5]\d)(?:min)?)?\b(?! ?\d)"), "horas e "),
}
EASTERN = {"zh": "点 分", "yue": "点 分", "ja": "時 分", "ko": "시 분"}
CLOCK_SIGN = re.compile(r"(?<![\d:.])([01]?\d|2[0-4])[:：]([0-5]\d)(?![a-z\d:：])", re.IGNORECASE)
KOREAN = str.maketrans("영공일이삼사오육륙칠팔구십백천만억조", "零零一二三四五六六七八九十百千万亿兆")
_NUMERAL, _PLACE = "영공일이삼사오육륙칠팔구십백천만억조", "십백천만억조"
_COUNTER = " ?(?:원|년|월|일|시|분|초|퍼센트|프로|개|명|번|층|호|회|세|살|킬로|미터|도|권|장|대|인|점|배)"
COUNTED = "(?:원|월|년|시|분|개|명|층|호|회|살|킬로|미터|센티|제곱|유로|달러)"  # written with a blank or without
KOREAN_MIXED = re.compile(
    rf"(?<![\d.,])\d+(?:\.\d+)?[{_PLACE}]+(?: ?\d+(?:\.\d+)?[{_PLACE}]+)*(?: ?\d{{1,4}}(?![\d.,%]))?"
)
KOREAN_WORDS = re.compile(
    rf"(?<!\w)(?:(?=\w{{0,9}}[{_PLACE}])[{_NUMERAL}]{{2,}}(?={_COUNTER})|(?=\w{{0,9}}[{_PLACE}])[{_NUMERAL}]{{3,}}(?!\w)"
    rf"|[이삼사오육칠팔구]십[일이삼사오육칠팔구]?(?!\w)|(?<=마이너스 )[{_NUMERAL}]+(?!\w)"
    r"|[일이삼사오육칠팔구](?= ?퍼센트)|[십백천만](?= ?(?:원|명|년|개|번|퍼센트|킬로|미터|배)(?!만에)))"
)


_ONES = "한 두 세 네 다섯 여섯 일곱 여덟 아홉".split()
_TENS = "열 스물 서른 마흔 쉰 예순 일흔 여든 아흔".split()
NATIVE = re.compile(  # numerals that are counted with
    rf"(?<!\w)(?=\w)({'|'.join(_TENS)})?({'|'.join(_ONES)})?(?<=\w) ?(?=(?:시간?(?![작장])|개|명|살|마리|잔|병|권)"
    r"(?![는가]))"
)


def _native(found: re.Match[str]) -> str:
    """Return a native Korean numeral in digits."""
    tens, ones = (place.index(part) + 1 if part else 0 for place, part in ((_TENS, found[1]), (_ONES, found[2])))
    return str(tens * 10 + ones)


def _clock_words(hours: int, word: str, minutes: int) -> str:
    """Return a time of the clock with its word between hours and minutes."""
    return f"{hours} {word}{minutes}" if minutes else f"{hours} {word.split()[0]}"


def read_korean(text: str) -> str:
    """Return a text with Korean places and Sino-Korean numerals in digits: 3만 5천, and 이천이십사 before a counter."""
    from asrcli.text.numerals import read_mixed

    def mixed(found: re.Match[str]) -> str:
        """Return a number of digits and places in digits; what is none as it stands."""
        return read_mixed(found[0].replace(" ", "").translate(KOREAN)) or found[0]

    text = NATIVE.sub(_native, text)
    text = KOREAN_WORDS.sub(lambda found: _sino(found[0]) or found[0], text)
    text = re.sub(r"(?<![\d.,/])([2-9]|10)분의 ?([1-9])(?![\d.,/])", r"\2/\1", text)
    return re.sub(rf"(?<=\d) (?={COUNTED})", "", KOREAN_MIXED.sub(mixed, text))


def _sino(words: str) -> str | None:
    """Return a numeral in digits; of 만 and 천 alone there is one, as in Korean."""
    from asrcli.text.numerals import UNSAID, read_numeral

    return read_numeral(re.sub("^(?=万)|(?<=亿)(?=万)", "一", UNSAID.sub("一", words.translate(KOREAN))))


def base_of(language: str | None) -> str:
    """Return the language of a code without its region."""
    return (language or "").replace("_", "-").lower().split("-")[0]


def small_letters(text: str, language: str) -> str:
    """Return a text without case, by the rules of its language."""
    if language in DOTLESS:
        text = text.replace("I\u0307", "i").replace("İ", "i").replace("I", "ı")
    return text.casefold()


def join_groups(text: str) -> str:
    """Return a text in which a space that parts no words does not part thousands."""
    return GROUPS.sub("", text)


def say_clock(text: str, language: str) -> str:
    """Return a text in which a Chinese, Japanese or Korean time of the clock has its words: 10:30 is ten and thirty."""
    if language not in EASTERN:
        return text
    hour, minute = EASTERN[language].split()
    return CLOCK_SIGN.sub(lambda found: f"{int(found[1])}{hour} " + f"{found[2]}{minute}" * (found[2] != "00"), text)


def rewrite_numbers(text: str, language: str) -> str:
    """Return a text in small letters with its numbers written without marks for thousands, and a decimal point.

    Args:
        text: with digits of ASCII.
        language: a code without region; "" is none.
    """
    if language in CLOCK:
        pattern, word = CLOCK[language]
        text = pattern.sub(lambda found: _clock_words(int(found[1]), word, int(found[2] or 0)), text)
    if language == "ko":
        text = read_korean(text)
    if language == "es":  # in Mexico and Central America commas part thousands
        text = re.sub(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])", lambda found: found[0].replace(",", ""), text)
    text = MILLIONS.sub(lambda found: found[0].replace(" ", ""), text)
    if language in POINTS or language in SPACES:
        space = " " if language in SPACES else ""
        marks = f".{space}'"
        grouped = rf"(?<![\d.,])[1-9]\d{{0,2}}(?:([{marks}])\d{{3}})(?:\1\d{{3}})*(?![\d]|[.]\d)"
        text = re.sub(grouped, lambda found: re.sub(r"\D", "", found[0]), text)
        text = re.sub(r"(?<![\d.,])(\d+),(\d+)(?![\d,])", r"\1.\2", text)
    else:
        lakhs = r"(?<![\d,])\d{1,3}(?:,\d{2})+,\d{3}(?!\d)"  # 1,00,000
        text = re.sub(lakhs, lambda found: found[0].replace(",", ""), text)
        text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)
    return per_cent(text, language)


def keep_decimals(text: str, language: str) -> str:
    """Return a text in which a decimal that could be read as thousands has the comma of its language: 3,141."""
    return THOUSANDTHS.sub(r"\1,\2", text) if language != "es" and language in POINTS | SPACES else text


KEYS = {
    "fa": str.maketrans("كيىۀ", "کییۀ"),
    "ur": str.maketrans("كيى", "کیی"),
    "ro": str.maketrans("şţŞŢ", "șțȘȚ"),
    "ru": str.maketrans("ёЁ", "еЕ"),
}
AM = re.compile("\u0e4d([\u0e48-\u0e4b]?)\u0e32|\u0ecd([\u0ec8-\u0ecb]?)\u0eb2")
EV = re.compile("և|[եԵ][ւՒ]")  # one sign, as it is written apart and as its capitals are: ԵՎ
OLD_TONES = re.compile(r"([òóỏõọ])([ae])(?!\w)|(?<!q)([ùúủũụ])(y)(?!\w)", re.IGNORECASE)


def _tone(found: re.Match[str]) -> str:
    """Return òa as oà: the mark on the second vowel."""
    first, second = (found[1], found[2]) if found[1] else (found[3], found[4])
    apart = unicodedata.normalize("NFD", first)
    return unicodedata.normalize("NFC", apart[0] + second + apart[1:])


def one_way(text: str, language: str) -> str:
    """Return a text in composed letters (NFC) with those of its language written one way."""
    if text.isascii():
        return text
    if language in KEYS:
        return text.translate(KEYS[language])
    if language == "hy":
        return EV.sub("եվ", text)
    if language == "vi":
        return OLD_TONES.sub(_tone, text)
    return AM.sub(lambda found: f"{found[1]}\u0e33" if found[1] is not None else f"{found[2]}\u0eb3", text)
