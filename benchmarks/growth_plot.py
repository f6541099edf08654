# SPDX-FileCopyrightText: The patrol.workmail contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plot of time and memory by the size of the work, as SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping

_COLORS = {"seconds": "#0b62a4", "MiB": "#b5480a"}
_WIDTH, _HEIGHT, _LEFT, _TOP = 640, 360, 60, 30


def plot(label: str, lines: Mapping[str, Mapping[int, float]]) -> str:
    """Draw lines over the same sizes, both axes logarithmic, from 0.1 to 1,000 upward.

    Args:
        label: What the sizes count.
        lines: The values by size, by the name of the line, which ends with its unit: ``seconds`` or ``MiB``. The first
            line of each unit is solid, the second is dashed.

    Returns:
        The picture as SVG.
    """
    sizes = list(next(iter(lines.values())))
    first, last = math.log10(sizes[0]), math.log10(sizes[-1])

    def x(size: int) -> float:
        return _LEFT + (math.log10(size) - first) / (last - first) * (_WIDTH - _LEFT - 30)

    def y(value: float) -> float:
        return _TOP + (3 - math.log10(max(value, 0.1))) / 4 * (_HEIGHT - _TOP - 50)

    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
    ]
    for value in (0.1, 1, 10, 100, 1000):
        drawn.append(f'<path d="M{_LEFT} {y(value):.0f}H{_WIDTH - 30}" stroke="#ddd"/>')
        drawn.append(f'<text x="{_LEFT - 8}" y="{y(value) + 4:.0f}" text-anchor="end">{value:g}</text>')
    for size in sizes:
        drawn.append(f'<text x="{x(size):.0f}" y="{_HEIGHT - 28}" text-anchor="middle">{size:,}</text>')
    drawn.append(f'<text x="{_WIDTH / 2:.0f}" y="{_HEIGHT - 8}" text-anchor="middle">{label}</text>')
    seen: set[str] = set()
    for number, (name, values) in enumerate(lines.items()):
        unit = name.split()[-1]
        others = [other for key, other in lines.items() if key != name and key.split()[-1] == unit]
        color, solid = _COLORS[unit], unit not in seen
        seen.add(unit)
        dashes = "" if solid else ' stroke-dasharray="5 3"'
        points = " ".join(f"{x(size):.0f},{y(value):.0f}" for size, value in values.items())
        drawn.append(f'<polyline fill="none" stroke="{color}" stroke-width="2"{dashes} points="{points}"/>')
        for size, value in values.items():
            drawn.append(f'<circle cx="{x(size):.0f}" cy="{y(value):.0f}" r="3" fill="{color}"/>')
            # Do not cover the numbers of the left axis, or the other line of the unit.
            anchor = "start" if size == sizes[0] else "middle"
            offset = 18 if any(value < other[size] for other in others) else -8
            drawn.append(
                f'<text x="{x(size):.0f}" y="{y(value) + offset:.0f}" text-anchor="{anchor}" '
                f'fill="{color}">{value:.3g}</text>'
            )
        column, row = divmod(number, 2)
        drawn.append(
            f'<text x="{_LEFT + 8 + 280 * column}" y="{14 + 16 * row}" fill="{color}">'
            f"{name}{'' if solid else ' (dashed)'}</text>"
        )
    return "\n".join([*drawn, "</svg>", ""])
