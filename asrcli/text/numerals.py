"""Write Chinese and Japanese numerals as digits: 三百二十 as 320, 二零二四 as 2024, 百分之五 as 5%."""

from __future__ import annotations

import re
from decimal import Decimal
from math import prod

from asrcli.text.signs import STROKE, fraction

SPELLINGS = ("零〇", "一壹", "二贰两", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖")
DIGITS = {char: value for value, chars in enumerate(SPELLINGS) for char in chars}
SMALL = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
LARGE = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8, "兆": 10**12}
NUMERAL = "".join([*DIGITS, *SMALL, *LARGE])
# Behind the point stand digits, and 万 or 亿 of all before; 三点二十五 and 三点零五分 are times of the clock.
RUN = re.compile(
    f"[{NUMERAL}]+(?:点(?!零[{''.join(DIGITS)}]分)[{''.join(DIGITS)}]+(?:[{''.join(SMALL)}]?[{''.join(LARGE)}]{{1,2}}|(?![{NUMERAL}])))?"
)
# 百五十円 and 千円, which in Japanese go without a digit before them.
LONE = re.compile(
    f"(?<![{NUMERAL}\\d数何幾])(?=[百千](?:[万億]?(?:[円人年回個本枚件点台匹度倍名位歳日頭%]|パーセント)"
    f"|[{''.join(SMALL)}]*[{''.join(DIGITS)}]|[十百][{NUMERAL}円人年]))"
)
# What is said without a one, as in 百十 and Korean 팔백십오, in a numeral that shows by another sign to be one.
UNSAID = re.compile(f"(?<![{''.join(DIGITS)}])(?=[百千])|(?<=[百千万萬亿億])(?=十)")
UNITS = "".join([*SMALL, *LARGE])
# 3万5千, 1.5亿, 2万3456: digits with places in Chinese.
MIXED = re.compile(rf"(?<![\d.])\d+(?:\.\d+)?[{UNITS}]+(?:(?:\d+(?:\.\d+)?|[{NUMERAL}])[{UNITS}]*)*")
# 幺 is said for one in strings of digits; elsewhere it is another word.
TELEPHONE_ONE = re.compile(f"(?<=[{''.join(DIGITS)}幺])幺|幺(?=[{''.join(DIGITS)}幺])")
TWENTY = re.compile(f"[廿卅](?=[{''.join(DIGITS)}日年天岁])")  # as calendars write them
# 三四个 is three or four: two digits in a row before what is counted.
ABOUT = re.compile(
    f"(?<![{NUMERAL}点])(?:一二|二三|两三|三四|四五|五六|六七|七八|八九)(?=[个個名位人次天岁歲块塊元只条張张本件种家辆台里米周月])"
)
FRACTION = re.compile(rf"((?<![{NUMERAL}])[{NUMERAL}]+|(?<!\d)\d+)分[之の]([{NUMERAL}]+|\d+)")


def read_chinese(text: str, *, short: bool = False, lone: bool = False) -> str:
    """Write every well-formed numeral of a text as digits; a word such as 千万 that holds no digit stays.

    Args:
        text: without marks for thousands.
        short: a last digit counts the next lower place, as Chinese and not Japanese is spoken: 三千五 is 3500.
        lone: a hundred and a thousand need no digit before them, as in Japanese: 百五十円 is 150円.
    """
    if lone:
        text = LONE.sub("一", text)
    if "廿" in text or "卅" in text:
        text = TWENTY.sub(lambda found: "二十" if found[0] == "廿" else "三十", text)
    text = TELEPHONE_ONE.sub("一", text.replace("百分之百", "100%"))
    text = re.sub(rf"百分之(?=[{NUMERAL}\d])", "\ue000", text)
    text = re.sub(rf"千分之(?=[{NUMERAL}\d])", "\ue003", text)
    text = MIXED.sub(lambda found: read_mixed(found[0], short=short) or found[0], text)
    text = FRACTION.sub(lambda found: _fraction(found[1], found[2]) or found[0], text)

    def written(found: re.Match[str]) -> str:
        """Return a numeral in digits, or what was found where it is none."""
        if ABOUT.match(text, found.start()):
            return _by_characters(found[0])
        value = read_numeral(found[0], short=short)
        if value is None and lone and not set("十千百").isdisjoint(found[0][1:]):
            value = read_numeral(UNSAID.sub("一", found[0]))
        return value or _by_characters(found[0])

    text = RUN.sub(written, text)
    text = re.sub(r"\ue000(\d+(?:\.\d+)?)", r"\1%", text)
    text = re.sub(r"\ue003(\d+(?:\.\d+)?)", r"\1 ‰ ", text)
    return text.replace("\ue000", "百分之").replace("\ue003", "千分之")


def _by_characters(run: str) -> str:
    """Return what is no numeral as its characters, each by itself: 三四 of 三四个 as 3 4."""
    return " ".join((read_numeral(char) if char in NUMERAL else None) or char for char in run)


def _fraction(below: str, above: str) -> str | None:
    """Return a fraction as 2/3 is in other texts."""
    numbers = [part if part.isdecimal() else read_numeral(part) for part in (above, below)]
    return fraction(str(numbers[0]), str(numbers[1])).replace(STROKE, "/") if None not in numbers else None


def read_mixed(run: str, *, short: bool = False) -> str | None:
    """Return a numeral of digits and Chinese places as digits, ``None`` where it is not a well-formed number."""
    pieces = re.findall(r"\d+(?:\.\d+)?|.", run)
    total, section = Decimal(0), Decimal(0)
    pending: Decimal | None = None
    last = 0  # the place that stood last
    for piece in pieces:
        if piece[0].isdecimal() or piece in DIGITS:
            if pending:
                return None
            pending = Decimal(DIGITS[piece]) if piece in DIGITS else Decimal(piece)
            continue
        place = {**SMALL, **LARGE}[piece]
        if pending is None and not section:
            if last != LARGE["万"] or place != LARGE["亿"] or total >= 10**8:
                return None
            total, last = total * place, place  # 万亿
            continue
        if place in SMALL.values():
            section, last = section + (pending or Decimal(0)) * place, place
        else:
            total, section, last = total + (section + (pending or Decimal(0))) * place, Decimal(0), place
        pending = None
    if pending is not None and last and pending >= last:
        return None
    if pending is not None and short and pieces[-2] in UNITS and 0 < pending < 10 and last > 10:
        pending *= last // 10
    value = total + section + (pending or Decimal(0))
    return f"{value.normalize():f}"


def read_numeral(run: str, *, short: bool = False) -> str | None:
    """Return one numeral as digits, or ``None`` where it is not a well-formed number."""
    whole, point, decimals = run.partition("点")
    if all(char in DIGITS for char in whole):  # said digit by digit: years, telephone numbers
        value: str | None = "".join(str(DIGITS[char]) for char in whole)
    else:
        value = read_whole(whole, short=short and not point)
    if value is None:
        return None
    if not point:
        return value
    number = f"{value}.{''.join(str(DIGITS[char]) for char in decimals if char in DIGITS)}"
    places = [{**SMALL, **LARGE}[char] for char in decimals if char not in DIGITS]
    return f"{(Decimal(number) * prod(places)).normalize():f}" if places else number


def read_whole(run: str, *, short: bool = False) -> str | None:
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
            continue
        if char in SMALL:
            if SMALL[char] >= lowest_small or (digit is None and section):
                return None
            lowest_small = SMALL[char]
            section += (1 if digit is None else digit) * lowest_small
            digit = None
        else:
            section += digit or 0
            if not section and lowest_large == LARGE["万"] and LARGE[char] == LARGE["亿"] and total < 10**8:
                total *= LARGE[char]  # 万亿
                continue
            if LARGE[char] >= lowest_large or not section:
                return None
            lowest_large, lowest_small = LARGE[char], 10**4
            total, section, digit = total + section * lowest_large, 0, None
    if short and digit and len(run) > 1 and (place := {**SMALL, **LARGE}.get(run[-2], 0)) > 10:
        digit *= place // 10  # 三千五, as it is spoken
    return str(total + section + (digit or 0))
