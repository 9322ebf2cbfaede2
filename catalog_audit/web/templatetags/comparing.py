"""Drawings of a comparison of two models, as SVG; see :mod:`catalog_audit.web.templatetags.charts`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()

_SIDE, _LEFT, _BOTTOM, _EDGE = 340, 46, 34, 20
#: Points of a hundred at the ends of the line of differences.
_FARTHEST = 20.0


@register.simple_tag
def difference(points: float, low: float, high: float) -> SafeString:
    """A difference of so many points with its interval, zero in the middle; decoration beside the number."""
    return format_html(
        '<svg class="difference" viewBox="0 0 140 16" width="140" height="16" aria-hidden="true">'
        '<line class="axis" x1="4" x2="136" y1="8" y2="8"></line><line class="zero" x1="70" x2="70" y1="1" y2="15">'
        '</line><rect class="interval" x="{}" y="4" width="{}" height="8" rx="2"></rect>'
        '<circle class="dot" cx="{}" cy="8" r="4"></circle></svg>',
        _number(_place(low)),
        _number(max(1.0, _place(high) - _place(low))),
        _number(_place(points)),
    )


def _place(points: float) -> float:
    """Where a number of points lies: the root keeps small differences apart and large ones on the line."""
    share = min(1.0, sqrt(abs(points) / _FARTHEST))
    return 70 + (share if points >= 0 else -share) * 64


@register.simple_tag
def reliability_chart(reliability: Mapping[str, Any], sure: str, right: str, text: str) -> SafeString:
    """How sure two models are against how often they are right.

    Args:
        reliability: ``candidate`` and ``active`` with ``bins`` of [mean probability, right answers, answers].
        sure, right: names of the axes.
        text: the same in words.
    """
    levels = (0.0, 0.25, 0.5, 0.75, 1.0)
    grid = format_html_join(
        "",
        '<line class="axis" x1="{0}" x2="{1}" y1="{2}" y2="{2}"></line><text x="{3}" y="{4}" text-anchor="end">{5}%'
        '</text><text x="{6}" y="{7}" text-anchor="middle">{5}%</text>',
        (
            (
                _LEFT, _SIDE - _EDGE, _number(_down(level)), _LEFT - 8, _number(_down(level) + 4), round(level * 100),
                _number(_right(level)), _SIDE - _BOTTOM + 16,
            )
            for level in levels
        ),
    )  # fmt: skip
    diagonal = format_html(
        '<line class="zero" x1="{}" y1="{}" x2="{}" y2="{}"></line>',
        _number(_right(0)), _number(_down(0)), _number(_right(1)), _number(_down(1)),
    )  # fmt: skip
    curves = format_html_join(
        "", "{}", ((_curve(reliability[model]["bins"], model),) for model in ("active", "candidate"))
    )
    names = format_html(
        '<text x="{}" y="{}" text-anchor="middle">{}</text>'
        '<text x="{}" y="{}" text-anchor="middle" transform="rotate(-90 {} {})">{}</text>',
        _number(_right(0.5)), _SIDE - 3, sure, 10, _number(_down(0.5)), 10, _number(_down(0.5)), right,
    )  # fmt: skip
    return format_html(
        '<svg class="chart reliability" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}{}{}</svg>',
        _SIDE, _SIDE, text, grid, diagonal, curves, names,
    )  # fmt: skip


def _curve(bins: Sequence[Sequence[float]], model: str) -> SafeString:
    """A line through the bins, with dots as large as their number of answers."""
    most = max((one[2] for one in bins), default=1)
    places = [(_right(sure), _down(right / of), 2.5 + 4 * sqrt(of / most)) for sure, right, of in bins]
    path = " ".join(f"{_number(x)},{_number(y)}" for x, y, _size in places)
    dots = format_html_join(
        "", '<circle cx="{}" cy="{}" r="{}"></circle>', ((_number(x), _number(y), _number(r)) for x, y, r in places)
    )
    return format_html('<g class="curve-{}"><polyline points="{}"></polyline>{}</g>', model, path, dots)


def _right(share: float) -> float:
    return _LEFT + (_SIDE - _LEFT - _EDGE) * share


def _down(share: float) -> float:
    return _EDGE + (_SIDE - _EDGE - _BOTTOM) * (1 - share)


def _number(number: float) -> str:
    return f"{number:.1f}"
