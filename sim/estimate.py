"""An estimate with its confidence interval, as a value."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from scipy.special import bdtr, stdtr, stdtrit


@dataclass(frozen=True)
class Estimate:
    """A best value, the interval around it, and the *n* independent samples it rests on.

    One sample says nothing of its own spread: with n = 1, *low* and *high* are None, and only then.
    ValueError unless n >= 1, all numbers are finite and low <= best <= high.
    """

    low: float | None
    best: float
    high: float | None
    n: int

    def __post_init__(self) -> None:
        if self.n < 1:
            raise ValueError(f"n ({self.n}) must be at least 1")
        if (self.low is None) != (self.n == 1) or (self.high is None) != (self.n == 1):
            raise ValueError(f"low ({self.low}) and high ({self.high}) must be None for n = 1 and only then")
        low = self.best if self.low is None else self.low
        high = self.best if self.high is None else self.high
        if not -math.inf < low <= self.best <= high < math.inf:
            raise ValueError(f"low ({low}) <= best ({self.best}) <= high ({high}) must hold, all finite")

    @classmethod
    def of(cls, samples: Iterable[float], confidence: float = 0.95) -> Estimate:
        """Mean of independent *samples* with Student's t interval (Student 1908) at *confidence*, 0 to 1.

        The more samples, the shorter: it is the mean that the interval holds. The order of the samples does
        not matter, not even in the last bit. ValueError if there are none or one is not finite.
        """
        return cls._around_mean(samples, confidence, lambda n: 1 / n)

    @classmethod
    def of_one_more(cls, samples: Iterable[float], confidence: float = 0.95) -> Estimate:
        """Mean of independent normal *samples* with the interval that holds one further sample at *confidence*.

        The prediction interval mean +- t s sqrt(1 + 1/n), t with n - 1 degrees of freedom (Hahn and Meeker
        1991, Statistical Intervals, chapter 4). However many samples, it stays as long as they are apart.
        Otherwise as `of`.
        """
        return cls._around_mean(samples, confidence, lambda n: 1 + 1 / n)

    @classmethod
    def of_median(cls, samples: Iterable[float], confidence: float = 0.95) -> Estimate:
        """Median of independent *samples* with the interval between two of them that holds it at *confidence*.

        For samples of which some are disturbed: half of them may be, before the median is. The interval assumes
        nothing of their distribution (Thompson 1936; Conover 1999, Practical Nonparametric Statistics, section 3.2).
        Fewer than six samples cannot hold the median at 95 %: then it is all of them, at 1 - 2^(1-n). ValueError as
        `of`.
        """
        values = sorted(_checked(samples, confidence))
        n = len(values)
        best = (values[(n - 1) // 2] + values[n // 2]) / 2
        if n == 1:
            return cls(None, best, None, 1)
        outside = 0  # samples beyond either end
        while outside < (n - 1) // 2 and 2 * bdtr(outside, n, 0.5) <= 1 - confidence:
            outside += 1
        return cls(values[outside - 1 if outside else 0], best, values[n - outside if outside else -1], n)

    @classmethod
    def _around_mean(cls, samples: Iterable[float], confidence: float, share: Callable[[int], float]) -> Estimate:
        """Mean with an interval in which *share* of n times the variance of a sample counts."""
        values = _checked(samples, confidence)
        n = len(values)
        # fsum rounds once, whatever the order
        mean = math.fsum(values) / n
        if n == 1:
            return cls(None, mean, None, 1)
        variance = math.fsum((value - mean) ** 2 for value in values) / (n - 1)
        half_width = float(stdtrit(n - 1, (1 + confidence) / 2)) * math.sqrt(variance * share(n))
        return cls(mean - half_width, mean, mean + half_width, n)

    @property
    def unvaried(self) -> bool:
        """Whether there are several samples and all are the same: the interval then has no length, and says less.

        Of a count that was 0 in n runs it says only how often it is something else: see `rarer_than`.
        """
        return self.low is not None and self.low == self.high

    @property
    def half_width(self) -> float | None:
        """Half the length of the interval, in the unit of the samples; None without an interval."""
        return None if self.low is None or self.high is None else (self.high - self.low) / 2

    def excludes(self, value: float) -> bool:
        """Whether the interval leaves *value* out. False without an interval: it cannot tell."""
        return self.low is not None and self.high is not None and not self.low <= value <= self.high

    def text(self, unit: str = "") -> str:
        """For people: `31.2 s (30.1 to 32.3, n = 5)`, or `31.2 s (no interval)` for one sample."""
        best = f"{_digits(self.best)} {unit}".rstrip()
        if self.low is None or self.high is None:
            return f"{best} (no interval)"
        if self.unvaried:
            return f"{best} ({unvaried_text(self.n)})"
        return f"{best} ({_digits(self.low)} to {_digits(self.high)}, n = {self.n})"


def rarer_than(n: int, confidence: float = 0.95) -> float:
    """Return the share of cases below which something lies that was seen in none of *n* independent ones.

    The upper bound of Clopper and Pearson (1934) for 0 of n, one-sided: 1 - (1 - confidence)^(1/n), about 3/n for many
    (the rule of three). ValueError unless n >= 1 and *confidence* is a share.
    """
    if n < 1 or not 0 < confidence < 1:
        raise ValueError(f"n ({n}) must be at least 1 and confidence ({confidence}) between 0 and 1")
    return float(1 - (1 - confidence) ** (1 / n))


def unvaried_text(n: int) -> str:
    """For people: what follows if *n* samples are all the same."""
    return f"the same in all {n} runs, which leaves up to {100 * rarer_than(n):.0f} % of others"


def p_value(differences: Sequence[float]) -> float | None:
    """Return the two-sided p of Student's paired t test that independent *differences* have the mean 0.

    1.0 where none differs at all, 0.0 where all differ by the same. None for fewer than two: they cannot tell.
    ValueError if one is not finite.
    """
    values = _checked(differences, 0.95)
    n = len(values)
    if n < 2:
        return None
    mean = math.fsum(values) / n
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))
    if deviation == 0:
        return 1.0 if mean == 0 else 0.0
    return float(2 * stdtr(n - 1, -abs(mean) / deviation * math.sqrt(n)))


def adjusted(p_values: Sequence[float]) -> list[float]:
    """Return p values so that those up to q hold at most a share q of false ones, on average (Benjamini and Hochberg
    1995): the smallest, over all that are as large or larger, of p times their number by its rank.

    Where nothing is true, any is at most q in a share q of cases. Holds for tests that are independent or positively
    dependent (Benjamini and Yekutieli 2001). ValueError if one is no probability.
    """
    if not all(0 <= p <= 1 for p in p_values):
        raise ValueError(f"a p value lies between 0 and 1, not {next(p for p in p_values if not 0 <= p <= 1)}")
    total = len(p_values)
    result, least = [1.0] * total, 1.0
    ordered = sorted(range(total), key=lambda k: p_values[k])
    for rank in range(total, 0, -1):
        place = ordered[rank - 1]
        least = min(least, p_values[place] * total / rank)
        result[place] = least
    return result


def paired(a: Sequence[float], b: Sequence[float], confidence: float = 0.95) -> Estimate:
    """Mean of b - a, pair by pair: what *a* and *b* have in common (the same random numbers) cancels.

    ValueError unless both have the same length, at least 1.
    """
    if len(a) != len(b):
        raise ValueError(f"pairs need as many of the one as of the other, not {len(a)} and {len(b)}")
    return Estimate.of([y - x for x, y in zip(a, b, strict=True)], confidence)


def _checked(samples: Iterable[float], confidence: float) -> list[float]:
    """Return the samples. ValueError if there are none, if one is not finite, or if *confidence* is no share."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence ({confidence}) must lie between 0 and 1")
    values = [float(sample) for sample in samples]
    if not values:
        raise ValueError("an estimate needs at least one sample")
    if not all(math.isfinite(value) for value in values):
        raise ValueError(f"samples must be finite, not {next(v for v in values if not math.isfinite(v))}")
    return values


def _digits(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
