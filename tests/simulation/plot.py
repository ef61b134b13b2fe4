"""Courses as one picture, in plain SVG: a row per load, the backlog on the left, the consumers on the right."""

from collections.abc import Mapping, Sequence

from tests.simulation.replay import Course

COLOURS = {"caixa": "#0a7d4f", "keda": "#c2410c", "keda-tuned": "#b45309", "hpa": "#4338ca"}
DASHES = {"caixa": "", "keda": "", "keda-tuned": "6 3", "hpa": "2 3"}
WIDTH, HEIGHT, LEFT, TOP, GAP = 420, 130, 64, 62, 56
EVERY = 10
"""Seconds between two points."""


def drawn(courses: Mapping[str, Mapping[str, Course]]) -> str:
    """Draw the courses by load and policy."""
    width, height = 2 * (WIDTH + LEFT) + 24, TOP + len(courses) * (HEIGHT + GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12" fill="#222">',
        "<title>Backlog and consumers under four loads, by autoscaler</title>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        *_legend(),
    ]
    for place, (trace, by_policy) in enumerate(courses.items()):
        top = TOP + place * (HEIGHT + GAP)
        backlogs = {policy: course.backlog[::EVERY] for policy, course in by_policy.items()}
        pods = {policy: [float(count) for count in course.pods[::EVERY]] for policy, course in by_policy.items()}
        parts += _panel(f"{trace}: events that wait", backlogs, LEFT, top)
        parts += _panel(f"{trace}: consumers", pods, 2 * LEFT + WIDTH, top)
    return "\n".join([*parts, "</svg>", ""])


def _legend() -> list[str]:
    parts = []
    for place, (policy, colour) in enumerate(COLOURS.items()):
        left = LEFT + place * 130
        line = f'stroke="{colour}" stroke-width="2" stroke-dasharray="{DASHES[policy]}"'
        parts.append(f'<line x1="{left}" y1="22" x2="{left + 28}" y2="22" {line}/><text x="{left + 34}" y="26">{policy}</text>')
    return parts


def _panel(title: str, lines: Mapping[str, Sequence[float]], left: int, top: int) -> list[str]:
    highest = max(*(max(line) for line in lines.values()), 1.0)
    parts = [
        f'<text x="{left}" y="{top - 6}" font-weight="bold">{title}</text>',
        f'<rect x="{left}" y="{top}" width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#bbb"/>',
        f'<text x="{left - 6}" y="{top + 10}" text-anchor="end">{highest:,.0f}</text>',
        f'<text x="{left - 6}" y="{top + HEIGHT}" text-anchor="end">0</text>',
    ]
    for policy, line in reversed(list(lines.items())):  # the first one is drawn last, over the others
        along = WIDTH / max(len(line) - 1, 1)
        points = " ".join(f"{left + place * along:.0f},{top + HEIGHT * (1 - value / highest):.0f}" for place, value in enumerate(line))
        style = f'stroke="{COLOURS[policy]}" stroke-dasharray="{DASHES[policy]}"'
        parts.append(f'<polyline points="{points}" fill="none" stroke-width="1.6" {style}/>')
    minutes = (max(len(line) for line in lines.values()) - 1) * EVERY // 60
    return [*parts, f'<text x="{left + WIDTH}" y="{top + HEIGHT + 15}" text-anchor="end">{minutes} min</text>']
