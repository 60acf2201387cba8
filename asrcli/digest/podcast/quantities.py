"""Numbers in words, with what stands around them as a person reads them aloud: units, ranges, money, dates."""

from __future__ import annotations

import re
from calendar import month_abbr, month_name
from collections.abc import Callable

from asrcli.text import cardinals

LONGEST = 15  # digits; more are said one by one
_HALVES = {2: ("half", "halves"), 3: ("third", "thirds"), 4: ("quarter", "quarters")}


def whole(number: int) -> str:
    """Say a whole number in words."""
    return " ".join(cardinals.number(number))


def digits(written: str) -> str:
    """Say digits one by one."""
    return " ".join(cardinals.SMALL[int(digit)] for digit in written)


def decimal(written: str) -> str:
    """Say a number with its decimals digit by digit; one that is a code ("007", 16 digits) too."""
    before, point, after = re.sub(r"[,\s]", "", written).partition(".")
    code = len(before) > LONGEST or (len(before) > 1 and before[0] == "0")
    said = digits(before) if code else whole(int(before or 0))
    return f"{said} point {digits(after)}" if point else said


def parts(written: str) -> str:
    """Say a number of a version: "3.11" is "three point eleven"."""
    return " point ".join(decimal(part) for part in written.split("."))


def year(written: str) -> str:
    """Say a year: "twenty twenty six", "nineteen ninety five", "two thousand four"; "1990s" is a decade."""
    number = int(written.rstrip("s"))
    said = whole(number) if 2000 <= number < 2010 else " ".join(cardinals.year(number))
    return several(said) if written.endswith("s") else said


def several(said: str) -> str:
    """Say "nineties", "hundreds"."""
    return f"{said[:-1]}ies" if said.endswith("y") else f"{said}s"


def ordinal(number: int) -> str:
    """Say "1st"."""
    return " ".join(cardinals.ordinal(number))


def fraction(top: int, bottom: int) -> str:
    """Say "2/3", "1/16"; one that is rather a count of things is "seven of nineteen", and a split "eighty twenty"."""
    if 0 < top < bottom and (bottom in _HALVES or bottom in (5, 6, 8, 10) or top == 1):
        if bottom in _HALVES:
            return f"{whole(top)} {_HALVES[bottom][top > 1]}"
        return f"{whole(top)} {ordinal(bottom)}{'s' if top > 1 else ''}"
    return f"{whole(top)} {'of ' if top < bottom else ''}{whole(bottom)}"


SCALE = {"k": "thousand", "K": "thousand", "M": "million", "B": "billion", "bn": "billion", "T": "trillion"}
ALIKE = SCALE | {  # said the same of one and of many
    "%": "percent", "x": "times", "X": "times", "×": "times", "Hz": "hertz", "kHz": "kilohertz", "KHz": "kilohertz",
    "khz": "kilohertz", "MHz": "megahertz", "GHz": "gigahertz", "fps": "frames per second", "wpm": "words per minute",
    "GFLOPs": "gigaflops",
    "TFLOPs": "teraflops", "GFLOPS": "gigaflops", "TFLOPS": "teraflops", "million": "million", "billion": "billion",
    "thousand": "thousand", "trillion": "trillion", "percent": "percent",
}  # fmt: skip
COUNTED = {
    "h": "hour", "hr": "hour", "hrs": "hour", "min": "minute", "s": "second", "sec": "second", "ms": "millisecond",
    "µs": "microsecond", "μs": "microsecond", "us": "microsecond", "ns": "nanosecond", "kB": "kilobyte",
    "KB": "kilobyte", "MB": "megabyte", "GB": "gigabyte", "TB": "terabyte", "MiB": "mebibyte", "GiB": "gibibyte",
    "dB": "decibel", "db": "decibel", "W": "watt", "kW": "kilowatt", "mW": "milliwatt", "J": "joule",
    "kWh": "kilowatt hour", "mm": "millimeter", "cm": "centimeter", "m": "meter", "km": "kilometer",
    "deg": "degree", "°": "degree", "pp": "percentage point",
}  # fmt: skip
MIDDLE = {  # what is many stands in the middle
    "bps": "bit{} per second", "kbps": "kilobit{} per second", "Mbps": "megabit{} per second",
    "Gbps": "gigabit{} per second", "°C": "degree{} Celsius",
}  # fmt: skip
UNITS = {*ALIKE, *COUNTED, *MIDDLE}
PER = {"s": "second", "sec": "second", "h": "hour", "hr": "hour", "min": "minute"} | {
    name: name
    for name in ("second", "minute", "hour", "day", "week", "month", "year", "frame", "token", "word", "utterance")
}
MONEY = {
    "$": ("dollar", "dollars"), "US$": ("US dollar", "US dollars"), "€": ("euro", "euros"), "£": ("pound", "pounds"),
    "¥": ("yen", "yen"), "₹": ("rupee", "rupees"), "USD": ("US dollar", "US dollars"), "EUR": ("euro", "euros"),
}  # fmt: skip
SIGNS = {
    "<=": "at most", ">=": "at least", "≤": "at most", "⩽": "at most", "≥": "at least", "⩾": "at least",
    "<": "less than", ">": "more than", "≪": "much less than", "≫": "much more than", "≠": "is not", "!=": "is not",
    "=": "equals", "+/-": "plus or minus", "±": "plus or minus", "∓": "minus or plus", "≈": "about", "~": "about",
    "∼": "about", "≃": "about", "->": "to", "→": "to", "⟶": "to", "↔": "to and from", "×": "times", "∗": "times",
    "·": "times", "÷": "divided by", "∈": "in", "∞": "infinity", "∝": "in proportion to",
}  # fmt: skip
GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "Δ": "delta", "ε": "epsilon", "ϵ": "epsilon", "η": "eta",
    "θ": "theta", "κ": "kappa", "λ": "lambda", "μ": "mu", "π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau", "φ": "phi",
    "χ": "chi", "ψ": "psi", "ω": "omega",
}  # fmt: skip
_MONTHS = {short: full for short, full in zip(month_abbr, month_name, strict=True) if full}
_MONTHS |= {"Sept": "September"} | {full: full for full in month_name if full}
THINGS = (
    "hours|minutes|seconds|speakers|utterances|samples|recordings|sentences|words|tokens|languages|files|clips|examples|"
    "instances|pairs|segments|episodes|participants|frames|steps|epochs|GPUs?|videos|questions|items|people|patients|"
    "parameters|params|characters|Hz|ms|h|dialogues|conversations|calls|points|units|users|images|models|papers"
)
_N = r"(?:\d{1,3}(?:[,\u2009\u202f]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
_GROUPED = r"\d{1,3}(?:\s\d{3})+"  # 10 000
_U = "|".join(sorted(map(re.escape, UNITS), key=len, reverse=True))
_TO = r"(?:\s?(?:--|[-–—]|\.\.|->|→)\s?)"
_SIGN = r"[-−–+±~∼≈<>≤≥]|<=|>=|\+/-"
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_PER = "|".join(sorted(PER, key=len, reverse=True))
_CASH = "|".join(sorted(map(re.escape, MONEY), key=len, reverse=True))
_LARGE = "k|K|M|B|bn|thousand|million|billion|trillion"


def unit(written: str | None, one: bool = False) -> str:
    """Say a unit, with the space before it."""
    if not written:
        return ""
    if written in MIDDLE:
        return f" {MIDDLE[written].format('' if one else 's')}"
    return f" {ALIKE[written]}" if written in ALIKE else f" {COUNTED[written]}{'' if one else 's'}"


def unit_words() -> dict[str, str]:
    """Return the units that can only be units, as a word of their own says them."""
    return {name: unit(name).strip() for name in UNITS if len(name) > 1 and not name.islower()} | {
        name: unit(name).strip() for name in ("ms", "dB", "fps", "kbps", "°C")
    }


def sign(written: str | None) -> str:
    """Say a sign before a number, with the space behind it."""
    if not written:
        return ""
    named = {"+": "plus", "-": "minus", "−": "minus", "–": "minus"}
    return f"{named.get(written) or SIGNS[written]} "


def part(found: re.Match[str], name: str) -> str:
    """Return a named part of what was found, "" where the pattern has none."""
    return found.groupdict().get(name) or ""


def per(found: re.Match[str]) -> str:
    """Say "/h", with the space before it."""
    return f" per {PER[part(found, 'per')]}" if part(found, "per") else ""


def amount(found: re.Match[str]) -> str:
    """Say "1.7B", "-5", "±2%", "<5%", "16 kHz", "3 h/day"."""
    name = unit(part(found, "unit"), found["number"] == "1")
    return f"{sign(part(found, 'sign'))}{decimal(found['number'])}{name}{per(found)}"


def between(found: re.Match[str]) -> str:
    """Say "5-10%", "5 ms-10 ms", "2020-2024"; a unit that both have is said once."""
    first, last = found["first"], found["last"]
    if not (found["one"] or found["unit"]) and re.fullmatch(r"(19|20)\d\d-(19|20)\d\d", f"{first}-{last}"):
        return f"{year(first)} to {year(last)}"
    if not (found["one"] or found["unit"] or found["sign"]) and value(last) < value(first):  # ISO 639-3
        return f"{decimal(first)} {decimal(last)}"
    one = unit(found["one"], first == "1") if found["one"] != found["unit"] else ""
    return f"{sign(found['sign'])}{decimal(first)}{one} to {decimal(last)}{unit(found['unit'], last == '1')}"


def value(written: str) -> float:
    """Return the number."""
    return float(re.sub(r"[,\s]", "", written))


def thing(found: re.Match[str]) -> str:
    """Say what there are so many of."""
    name = found["thing"]
    return unit(name).strip() if name in UNITS else name


def money(found: re.Match[str]) -> str:
    """Say "$18,862", "$1.5M", "$5 million", "$0.36/hour", "$5-10", "20 €"."""
    single, many = MONEY[found["sign"]]
    number, last = found["number"], f" to {decimal(found['last'])}" if found["last"] else ""
    before, _, cents = number.partition(".")
    if last or found["scale"] or len(cents) != 2 or cents == "00" or single not in ("dollar", "euro"):
        name = single if number == "1" and not (last or found["scale"]) else many
        return f"{decimal(number)}{last}{unit(found['scale'])} {name}{per(found)}"
    small = whole(int(cents))
    if not before.strip("0"):
        return f"{small} {'cent' if cents == '01' else 'cents'}{per(found)}"
    return f"{decimal(before)} {single if before == '1' else many} {small}{per(found)}"


def month_of(found: re.Match[str]) -> str:
    """Return the month's name."""
    written = found["month"].rstrip(".")
    return _MONTHS.get(written) or month_name[int(written)]


def day(found: re.Match[str]) -> str:
    """Say "2026-04-17" and "17 April 2026"."""
    return f"{ordinal(int(found['day']))} of {month_of(found)} {year(found['year'])}"


def month_first(found: re.Match[str]) -> str:
    """Say "April 17, 2026", "Apr. 17" and "Apr. 2026"."""
    if not found["day"]:
        return f"{month_of(found)} {year(found['year'])}"
    return f"{month_of(found)} {ordinal(int(found['day']))}" + (f", {year(found['year'])}" if found["year"] else "")


def power(found: re.Match[str]) -> str:
    """Say "10^-3", "1e-5", "2^10" and "x^2"."""
    height = found["power"].lstrip("-−")
    tall = ("minus " if height != found["power"] else "") + (whole(int(height)) if height.isdigit() else height)
    base = found["base"] or "10"
    if base.isalpha() and found["power"] in ("2", "3"):
        said = f"{GREEK.get(base, base)} {'squared' if height == '2' else 'cubed'}"
    else:
        said = f"{GREEK.get(base, base) if base.isalpha() else decimal(base)} to the {tall}"
    return said if found["number"] in (None, "", "1") else f"{decimal(found['number'])} times {said}"


def clock(found: re.Match[str]) -> str:
    """Say "14:05", "9:00" and "9:30 pm"."""
    half, minute = part(found, "half"), int(found["minute"] or 0)
    said = f"{'oh ' if minute < 10 else ''}{whole(minute)}" if minute else "" if half else "o'clock"
    return " ".join(filter(None, (whole(int(found["hour"])), said, half and f"{half[0].upper()} M")))


def length(found: re.Match[str]) -> str:
    """Say "1:30:00"."""
    counts = zip(map(int, found[0].split(":")), ("hour", "minute", "second"), strict=True)
    return " ".join(f"{whole(n)} {name}{'' if n == 1 else 's'}" for n, name in counts if n) or "zero seconds"


def mixed(found: re.Match[str]) -> str:
    """Say "2 1/2"."""
    said = fraction(int(found["top"]), int(found["bottom"]))
    return f"{whole(int(found['number']))} and {re.sub('^one ', 'a ', said)}"


def decade(found: re.Match[str]) -> str:
    """Say "the 90s", "mid-90s" and "'90s"; "90s" alone are seconds."""
    return re.sub("[-'’]", " ", found["the"]).lstrip() + several(whole(int(found["tens"])))


def version(found: re.Match[str]) -> str:
    """Say "v3", "v2.0" and "Python 3.11"."""
    name = found["name"].strip()
    return f"{'version' if name in 'vV' else name} {parts(found['number'])}"


def say_quantity(written: str) -> str:
    """Return how a number with what belongs to it is said; "" when it is something else."""
    for pattern, said in _COMPILED:
        if found := pattern.fullmatch(written):
            return said(found)
    return ""


# Each pattern has to fit a whole word or some words in a row; the first that fits says it.
_NUMBER = rf"(?P<number>{_N})"
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_DAY = r"(?P<day>[1-9]|[12]\d|3[01])"
_NAMED = rf"(?P<month>(?:{_MONTH})\.?)"
_HALF = r"(?P<half>[AaPp]\.?[Mm]\.?)"
_HEIGHT = r"\^\{?(?P<power>[-−]?\d{1,3}|[a-z])\}?"
_PERIOD = rf"(?:/(?P<per>{_PER}))?"
_FORMS: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
    (r"(?P<year>\d{4})(?P<sep>[-/])(?P<month>0[1-9]|1[0-2])(?P=sep)(?P<day>0[1-9]|[12]\d|3[01])", day),
    (rf"{_DAY}\s{_NAMED},?\s{_YEAR}", day),
    (rf"{_NAMED}\s{_DAY}(?:st|nd|rd|th)?(?:,?\s{_YEAR})?", month_first),
    (rf"{_NAMED}(?P<day>)?\s{_YEAR}", month_first),
    (rf"(?P<number>(?:19|20)\d\d)\s(?P<thing>{THINGS})", lambda found: f"{decimal(found[1])} {thing(found)}"),
    (r"(?:19|20)\d{2}s?", lambda found: year(found[0])),
    (r"(?P<the>(?:the|early|late|mid)[\s-](?:early|late|mid[\s-])?['’]?|['’])(?P<tens>[2-9]0)s", decade),
    (r"100s|1000s", lambda found: several(whole(int(found[0][:-1])).removeprefix("one "))),
    (rf"(?P<sign>{_CASH}){_NUMBER}(?:[-–](?P<last>{_N}))?(?:\s?(?P<scale>{_LARGE}))?{_PERIOD}", money),
    (rf"{_NUMBER}(?P<scale>k|M)?\s?(?P<sign>{_CASH})(?P<last>)(?P<per>)", money),
    (rf"(?P<sign>{_SIGN})?(?P<first>{_N})(?:\s?(?P<one>{_U}))?{_TO}(?P<last>{_N})(?:\s?(?P<unit>{_U}))?", between),
    (r"(?P<top>\d{1,2})/(?P<bottom>\d{1,4})(?:rds?|ths?)?", lambda found: fraction(int(found[1]), int(found[2]))),
    (r"(?P<number>\d{1,3})\s(?P<top>\d)/(?P<bottom>\d)", mixed),
    (r"(\d+)\.(\d)th", lambda found: f"{decimal(found[1])} point {ordinal(int(found[2]))}"),
    (r"(?P<number>\d{1,3})(?:st|nd|rd|th)", lambda found: ordinal(int(found["number"]))),
    (r"\d{1,2}(?::[0-5]\d){2}", length),
    (rf"(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?:\s?{_HALF})?", clock),
    (rf"(?P<hour>[1-9]|1[0-2])(?P<minute>)\s?{_HALF}", clock),
    (r"(\d{1,3}):(\d{1,3})", lambda found: f"{decimal(found[1])} to {decimal(found[2])}"),
    (rf"({_N})\s?[x×]\s?({_N})", lambda found: f"{decimal(found[1])} by {decimal(found[2])}"),
    (r"(?P<name>[vV]|[vV]ersion\s|[rR]elease\s|Python\s)(?P<number>\d+(?:\.\d+)*)", version),
    (rf"(?:{_NUMBER}[×x·])?(?P<base>10){_HEIGHT}", power),
    (rf"(?P<number>)(?P<base>\d+|[^\W\d_]){_HEIGHT}", power),
    (rf"{_NUMBER}(?P<base>)[eE]\+?(?P<power>[-−]?\d{{1,3}})", power),
    (r"(?P<number>\d+),(?P<rest>\d{1,2})\s?%", lambda found: f"{decimal(found[1] + '.' + found[2])} percent"),
    (r"\d+(?:\.\d+){2,}", lambda found: parts(found[0])),
    (_GROUPED, lambda found: decimal(found[0])),
    (rf"{_NUMBER}\+", lambda found: f"more than {decimal(found[1])}"),
    (rf"{_NUMBER}k\s?h", lambda found: f"{decimal(found[1])} thousand hours"),
    (rf"{_NUMBER}\s(?P<unit>[kKMB])\s(?P<thing>{THINGS})", lambda found: f"{amount(found)} {thing(found)}"),
    (rf"(?P<sign>{_SIGN})?{_NUMBER}(?P<unit>{_U})?{_PERIOD}", amount),
    (rf"(?P<sign>{_SIGN})?{_NUMBER}\s(?P<unit>(?![kKMBTX]$)(?:{_U})){_PERIOD}", amount),
    (rf"{_NUMBER}-(?P<unit>{_U})", lambda found: f"{decimal(found[1])}{unit(found['unit'], True)}"),
    (r"(?:No\.\s|#)(\d+)", lambda found: f"number {decimal(found[1])}"),
    (r"√(\d+)", lambda found: f"root {decimal(found[1])}"),
)
_COMPILED = tuple((re.compile(pattern), said) for pattern, said in _FORMS)
