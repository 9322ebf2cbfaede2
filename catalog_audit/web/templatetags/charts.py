"""Charts, drawn by the server as SVG.

Colours come from the style sheet by class, since the content security policy allows no inline style. Coordinates are
written here and not by templates, which would put commas into them in Russian.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, log10

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from catalog_audit.review.intervals import Share

register = template.Library()

#: A day below the axis. Django's own format of day and month has the wrong case in Russian.
DAY = "j E"

_WIDTH, _HEIGHT = 720, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 12, 14, 30
#: So many texts fit below the axis.
_TEXTS = 7


@dataclass(frozen=True, slots=True)
class Point:
    """A share at some place of the horizontal axis.

    Attributes:
        name: what stands below it.
        share: with its interval.
    """

    name: str
    share: Share


@dataclass(frozen=True, slots=True)
class Bar:
    """A number at some place of the horizontal axis.

    Attributes:
        name: what stands below it.
        number: its height.
    """

    name: str
    number: int


@dataclass(frozen=True, slots=True)
class Told:
    """What was said beforehand, and what came of it.

    Attributes:
        said: probability 0..1.
        share: how often it was so.
    """

    said: float
    share: Share


@register.simple_tag
def whisker(share: Share) -> SafeString:
    """A share on a line from 0 to 1, its interval as a bar; decoration beside the number."""
    low, high = share.interval
    if share.value is None:
        return SafeString()
    return format_html(
        '<svg class="whisker" viewBox="0 0 120 16" width="120" height="16" aria-hidden="true">'
        '<line class="axis" x1="4" x2="116" y1="8" y2="8"></line>'
        '<rect class="interval" x="{}" y="4" width="{}" height="8" rx="2"></rect>'
        '<circle class="dot" cx="{}" cy="8" r="4"></circle></svg>',
        _number(4 + low * 112),
        _number((high - low) * 112),
        _number(4 + share.value * 112),
    )


@register.simple_tag
def share_chart(points: Sequence[Point], text: str) -> SafeString:
    """Shares over time from 0% to 100%, each with its interval; ``text`` says the same in words."""
    places = list(_places(len(points)))
    lines = format_html_join("", "{}", ((_grid(_height(level / 100), f"{level}%"),) for level in range(0, 101, 25)))
    shown = [(x, one.share) for x, one in zip(places, points, strict=True) if one.share.of]
    path = " ".join(f"{_number(x)},{_number(_height(share.value or 0))}" for x, share in shown)
    marks = format_html_join(
        "",
        '<line class="interval" x1="{0}" x2="{0}" y1="{1}" y2="{2}"></line>'
        '<circle class="dot" cx="{0}" cy="{3}" r="4"></circle>',
        (
            (_number(x), *(_number(_height(end)) for end in share.interval), _number(_height(share.value or 0)))
            for x, share in shown
        ),
    )
    line = format_html('<polyline class="line" points="{}"></polyline>', path)
    return _chart(text, [lines, marks, line, _texts(places, [point.name for point in points])])


@register.simple_tag
def reliability_chart(points: Sequence[Told], text: str) -> SafeString:
    """What was said against what came of it, each with its interval, and the line on which both are the same."""
    lines = format_html_join("", "{}", ((_grid(_height(level / 100), f"{level}%"),) for level in range(0, 101, 25)))
    same = format_html(
        '<line class="same" x1="{}" y1="{}" x2="{}" y2="{}"></line>',
        _number(_along(0)),
        _number(_height(0)),
        _number(_along(1)),
        _number(_height(1)),
    )
    marks = format_html_join(
        "",
        '<line class="interval" x1="{0}" x2="{0}" y1="{1}" y2="{2}"></line>'
        '<circle class="dot" cx="{0}" cy="{3}" r="4"></circle>',
        (
            (
                _number(_along(one.said)),
                *(_number(_height(end)) for end in one.share.interval),
                _number(_height(one.share.value or 0)),
            )
            for one in points
        ),
    )
    levels = [level / 100 for level in range(0, 101, 25)]
    return _chart(text, [lines, same, marks, _texts([_along(x) for x in levels], [f"{x:.0%}" for x in levels])])


@register.simple_tag
def bar_chart(bars: Sequence[Bar], text: str) -> SafeString:
    """Numbers as bars; ``text`` says the same in words."""
    places = list(_places(len(bars)))
    top = _round_up(max((bar.number for bar in bars), default=0))
    lines = format_html_join("", "{}", ((_grid(_height(part / 2), str(top * part // 2)),) for part in range(3)))
    width = min(40.0, (_WIDTH - _LEFT - _RIGHT) / max(1, len(bars)) * 0.7)
    drawn = format_html_join(
        "",
        '<rect class="column" x="{}" y="{}" width="{}" height="{}" rx="2"></rect>',
        (
            (
                _number(x - width / 2),
                _number(_height(bar.number / top)),
                _number(width),
                _number(_height(0) - _height(bar.number / top)),
            )
            for x, bar in zip(places, bars, strict=True)
        ),
    )
    return _chart(text, [lines, drawn, _texts(places, [bar.name for bar in bars])])


def _chart(text: str, parts: Sequence[SafeString]) -> SafeString:
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" preserveAspectRatio="xMinYMid meet" role="img"'
        ' aria-label="{}">{}</svg>',
        _WIDTH,
        _HEIGHT,
        text,
        format_html_join("", "{}", ((part,) for part in parts)),
    )


def _grid(y: float, text: str) -> SafeString:
    return format_html(
        '<line class="axis" x1="{}" x2="{}" y1="{}" y2="{}"></line><text x="{}" y="{}" text-anchor="end">{}</text>',
        _LEFT,
        _WIDTH - _RIGHT,
        _number(y),
        _number(y),
        _LEFT - 8,
        _number(y + 4),
        text,
    )


def _texts(places: Sequence[float], names: Sequence[str]) -> SafeString:
    """Every so many names, the latest always among them."""
    step = max(1, ceil(len(names) / _TEXTS))
    chosen = [n for n in range(len(names)) if (len(names) - 1 - n) % step == 0]
    return format_html_join(
        "",
        '<text x="{}" y="{}" text-anchor="middle">{}</text>',
        ((_number(places[n]), _HEIGHT - 8, names[n]) for n in chosen),
    )


def _places(number: int) -> Iterator[float]:
    step = (_WIDTH - _LEFT - _RIGHT) / max(1, number)
    return (_LEFT + step * (n + 0.5) for n in range(number))


def _along(share: float) -> float:
    """Place of a share on the horizontal axis, with room for a text below either end."""
    return _LEFT + 20 + (_WIDTH - _LEFT - _RIGHT - 40) * share


def _height(share: float) -> float:
    return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - share)


def _round_up(number: int) -> int:
    """The next of 2, 4, 10, 20, 40, 100 ..., so that half of it is whole."""
    if number <= 2:
        return 2
    size = 10 ** int(log10(number))
    return next(step * size for step in (1, 2, 4, 10) if step * size >= number and step * size % 2 == 0)


def _number(number: float) -> str:
    return f"{number:.1f}"
