"""Say the signs of money and degrees beside a number as the words for them: 5 € is *5 Euro*, €5 too.

The words are those of the Unicode CLDR's unit and currency names, in the form that the number asks for.
"""

from __future__ import annotations

import re
from functools import cache

# For one, for a few (2 to 4, in Czech, Polish and Russian) and for more; one word alone is for all.
FORMS = {
    "ca": {"€": "euro euros", "$": "dòlar dòlars", "£": "lliura lliures", "°": "grau graus"},
    "cs": {"€": "euro eura eur", "$": "dolar dolary dolarů", "£": "libra libry liber", "°": "stupeň stupně stupňů"},
    "de": {"€": "euro", "$": "dollar", "£": "pfund", "°": "grad"},
    "es": {"€": "euro euros", "$": "dólar dólares", "£": "libra libras", "°": "grado grados"},
    "fr": {"€": "euro euros", "$": "dollar dollars", "£": "livre livres", "°": "degré degrés"},
    "it": {"€": "euro", "$": "dollaro dollari", "£": "sterlina sterline", "°": "grado gradi"},
    "ja": {"€": "ユーロ", "$": "ドル", "£": "ポンド", "¥": "円"},
    "ko": {"€": "유로", "$": "달러", "£": "파운드", "₩": "원"},
    "nl": {"€": "euro", "$": "dollar", "£": "pond", "°": "graad graden"},
    "pl": {"€": "euro", "$": "dolar dolary dolarów", "£": "funt funty funtów", "°": "stopień stopnie stopni"},
    "pt": {"€": "euro euros", "$": "dólar dólares", "£": "libra libras", "°": "grau graus", "R$": "real reais"},
    "ru": {"€": "евро", "$": "доллар доллара долларов", "£": "фунт фунта фунтов", "₽": "рубль рубля рублей",
           "°": "градус градуса градусов"},
    "sv": {"€": "euro", "$": "dollar", "£": "pund", "°": "grad grader"},
    "tr": {"€": "euro", "$": "dolar", "£": "sterlin", "₺": "lira", "°": "derece"},
}  # fmt: skip
FEW = ("cs", "pl", "ru")
CELSIUS = {"cs": "celsia", "pl": "celsjusza", "ru": "цельсия"}
NUMBER = r"\d(?:[\d.,'\u00a0\u202f]*\d)?"
SIGNS = frozenset("€$£¥₽₺₩°℃")


@cache
def _pattern(language: str) -> re.Pattern[str]:
    money = "|".join(re.escape(sign) for sign in sorted(FORMS[language], key=len, reverse=True) if sign != "°")
    ends = r"(?![\d%]|[.,]\d| ?[^\W\d_]{2,}\.? ?(?:€|\$|£))"
    before = rf"({money}) ?({NUMBER})(?! ?(?:mi|bi|mld|mrd|trl|тыс|мл|万|億|亿))" + ends
    alone = "" if language == "it" else r"|°(?![\w'])"  # 1° is an ordinal there
    return re.compile(rf"{before}|({NUMBER}) ?(℃|° ?c\b|{money}{alone})", re.IGNORECASE)


def _form(number: str, words: list[str], language: str) -> str:
    """Return the form of a word that a number asks for."""
    last, tens = int(number[-1]), int(number[-2:]) if number[-2:].isdecimal() else int(number[-1])
    if number == "1" or len(words) == 1:
        return words[0]
    if language == "ru" and number.isdecimal() and last == 1 and tens != 11:
        return words[0]
    whole = number.isdecimal() and 2 <= last <= 4 and (tens if language != "cs" else int(number)) not in (12, 13, 14)
    if language in FEW and ((whole and (language != "cs" or len(number) == 1)) or not number.isdecimal()):
        return words[1]
    return words[-1]


def say_signs(text: str, language: str) -> str:
    """Return a text in which a sign of money or degrees beside a number is the word for it, behind the number."""
    if language not in FORMS or SIGNS.isdisjoint(text):
        return text

    def said(found: re.Match[str]) -> str:
        """Return the number and its unit in a word."""
        sign, number = (found[1], found[2]) if found[1] else (found[4], found[3])
        degrees = "°" in sign or sign == "℃"
        own = FORMS[language].get("°" if degrees else sign.upper())
        if own is None:
            return found[0]
        space = "" if language in ("ja", "ko") else " "
        celsius = f" {CELSIUS.get(language, 'celsius')}" if degrees and sign != "°" else ""
        return f"{number}{space}{_form(number, own.split(), language)}{celsius}"

    return _pattern(language).sub(said, text)
