"""Write Chinese and Japanese numerals as digits: 三百二十 as 320, 二零二四 as 2024, 百分之五 as 5%."""

from __future__ import annotations

import re

SPELLINGS = ("零〇", "一壹", "二贰两", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖")
DIGITS = {char: value for value, chars in enumerate(SPELLINGS) for char in chars}
SMALL = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
LARGE = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8, "兆": 10**12}
NUMERAL = "".join([*DIGITS, *SMALL, *LARGE])
RUN = re.compile(f"[{NUMERAL}]+(?:点[{''.join(DIGITS)}]+)?")


def read_chinese(text: str) -> str:
    """Write every well-formed numeral of a text as digits; a word such as 千万 that holds no digit stays."""
    text = re.sub(f"百分之(?=[{NUMERAL}])", "\ue000", text)
    text = RUN.sub(lambda found: read_numeral(found[0]) or found[0], text)
    text = re.sub(r"\ue000(\d+(?:\.\d+)?)", r"\1%", text)
    return text.replace("\ue000", "百分之")


def read_numeral(run: str) -> str | None:
    """Return one numeral as digits, or ``None`` where it is not a well-formed number."""
    whole, point, decimals = run.partition("点")
    if all(char in DIGITS for char in whole):  # said digit by digit: years, telephone numbers
        value: str | None = "".join(str(DIGITS[char]) for char in whole)
    else:
        value = read_whole(whole)
    if value is None:
        return None
    return value + (f".{''.join(str(DIGITS[char]) for char in decimals)}" if point else "")


def read_whole(run: str) -> str | None:
    """Return a numeral with tens, hundreds and so on; ``None`` where the places do not come down in order."""
    if run[0] in LARGE or (run[0] in SMALL and SMALL[run[0]] > 10):
        return None  # a hundred needs its digit; only ten goes without
    total = section = 0
    digit: int | None = None
    lowest_small, lowest_large = 10**4, 10**16
    for char in run:
        if char in DIGITS:
            if digit:
                return None
            digit = DIGITS[char]
        elif char in SMALL:
            if SMALL[char] >= lowest_small or (digit is None and section):
                return None
            lowest_small = SMALL[char]
            section += (1 if digit is None else digit) * lowest_small
            digit = None
        else:
            section += digit or 0
            if LARGE[char] >= lowest_large or not section:
                return None
            lowest_large, lowest_small = LARGE[char], 10**4
            total, section, digit = total + section * lowest_large, 0, None
    return str(total + section + (digit or 0))
