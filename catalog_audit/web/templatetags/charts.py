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
class Slice:
    """A part of a bar.

    Attributes:
        kind: becomes a class, which has the colour.
        number: how long it is.
    """

    kind: str
    number: int


@register.simple_tag
def stacked_bar(slices: Sequence[Slice], whole: int) -> SafeString:
    """Parts of a number, one behind the other, on a line as long as ``whole``; decoration beside the numbers."""
    drawn, left = [], 0.0
    for one in slices:
        width = one.number / whole * 100 if whole else 0.0
        drawn.append((one.kind, f"{left:.2f}", f"{width:.2f}"))
        left += width
    return format_html(
        '<svg class="stack" viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">{}</svg>',
        format_html_join("", '<rect class="slice-{}" x="{}" y="0" width="{}" height="100"></rect>', drawn),
    )


@dataclass(frozen=True, slots=True)
class Level:
    """A number 0..1 at some place of the horizontal axis; None where there is none."""

    name: str
    value: float | None


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


@register.simple_tag
def level_chart(levels: Sequence[Level], text: str) -> SafeString:
    """Numbers over time from 0% to 100%; ``text`` says the same in words."""
    places = list(_places(len(levels)))
    lines = format_html_join("", "{}", ((_grid(_height(part / 100), f"{part}%"),) for part in range(0, 101, 25)))
    shown = [
        (_number(x), _number(_height(one.value)))
        for x, one in zip(places, levels, strict=True)
        if one.value is not None
    ]
    line = format_html('<polyline class="line" points="{}"></polyline>', " ".join(f"{x},{y}" for x, y in shown))
    dots = format_html_join("", '<circle class="dot" cx="{}" cy="{}" r="4"></circle>', shown)
    return _chart(text, [lines, line, dots, _texts(places, [one.name for one in levels])])


@register.simple_tag
def twin_chart(columns: tuple[Sequence[str], Sequence[float], Sequence[float]], text: str) -> SafeString:
    """Two mixes side by side, in percent: names, the full columns, the pale ones; ``text`` says the same in words."""
    names, now, before = columns
    places = list(_places(len(names)))
    top = _round_up(ceil(max([*now, *before], default=0)))
    lines = format_html_join("", "{}", ((_grid(_height(part / 2), f"{top * part // 2}%"),) for part in range(3)))
    width = (_WIDTH - _LEFT - _RIGHT) / max(1, len(names)) * 0.36
    drawn = format_html_join(
        "",
        '<rect class="column{}" x="{}" y="{}" width="{}" height="{}" rx="2"></rect>',
        (
            (
                kind,
                _number(x + left),
                _number(_height(one / top)),
                _number(width),
                _number(_height(0) - _height(one / top)),
            )
            for kind, left, numbers in ((" column-pale", -width, before), ("", 0.0, now))
            for x, one in zip(places, numbers, strict=True)
        ),
    )
    return _chart(text, [lines, drawn, _texts(places, names)])


@dataclass(frozen=True, slots=True)
class Curve:
    """A line, perhaps in several pieces.

    Attributes:
        kind: becomes a class, which has the colour.
        pieces: points (x, y) of each piece; x is a share 0..1 of the width, y of the height.
    """

    kind: str
    pieces: Sequence[Sequence[tuple[float, float]]]


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around curves.

    Attributes:
        levels: what stands beside the bottom, the middle and the top.
        sections: texts below the axis; each stands in the middle of an equal part of it.
    """

    levels: tuple[str, str, str]
    sections: Sequence[str]


@register.simple_tag
def curve_chart(curves: Sequence[Curve], frame: Frame, text: str) -> SafeString:
    """Curves in one frame; ``text`` says the same in words."""
    lines = format_html_join("", "{}", ((_grid(_height(n / 2), level),) for n, level in enumerate(frame.levels)))
    wide = _WIDTH - _LEFT - _RIGHT
    drawn = format_html_join(
        "",
        '<polyline class="curve curve-{0}" points="{1}"></polyline>'
        '<circle class="end curve-{0}" cx="{2}" cy="{3}" r="3"></circle>',
        (
            (
                curve.kind,
                " ".join(f"{_number(_LEFT + x * wide)},{_number(_height(y))}" for x, y in piece),
                _number(_LEFT + piece[-1][0] * wide),
                _number(_height(piece[-1][1])),
            )
            for curve in curves
            for piece in curve.pieces
            if piece
        ),
    )
    return _chart(text, [lines, drawn, _texts(list(_places(len(frame.sections))), list(frame.sections))])


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
