"""Figures for people: two digits say enough, and a status that does not flicker is not written."""

from math import floor, log10


def two_digits(number: float) -> float:
    """Round to two significant digits: 1234 becomes 1200, 0.0567 becomes 0.057."""
    if number == 0:
        return 0.0
    return round(number, 1 - floor(log10(abs(number))))
