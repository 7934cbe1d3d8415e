"""‖J_t‖₂ of every timestep and sequence.

The Jacobians of one layer share their weights, and mostly nearly their leading direction
too. How nearly is not assumed but sampled: some, among them the most unusual ones, are
solved from random starts, which need no assumption. If a common direction is close to the
leading ones of all that are no more unusual than some radius, the others within it start
from there and are done in two or three iterations instead of ten to twenty.

Index legend: T timesteps, Q probes, M = T·Q matrices, N state size, S sampled matrices.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from gradviz.cells import Linearisation, Zoneout
from gradviz.flow.spectral import LOOSE, Product, leading, random_start, unit
from gradviz.flow.steps import Ended, at, joined, multipliers

Widths = tuple[int, ...]

SAMPLED = 32
"""S: so many evenly spaced, and as many of the most unusual."""

AGREEING = 0.88
"""Least sampled overlap at which a common direction is trusted; at 0.8 an RNN was 4 % wrong."""

MARGIN = 0.6
"""Of the others this share of the least sampled overlap is assumed."""

CONFIRMING = 1.55
"""Times ξ that what is found has to overlap the common direction; else it is solved strictly."""

FURTHER = 4.0
"""Of the even sample's most unusual score; 1.4 times as far off in every multiplier."""

WIDTH = 0.02
"""Least standard deviation of a multiplier, which is of the order of 1, for what is usual."""

OUTDATED = 0.02
"""Share of unusual Jacobians from which on a new sample is drawn."""

RENEWAL = 10
"""Calls that live on one sample, while the weights change."""

BLOCK = 2**16
"""Entries of the vectors handled at once: they stay in the cache, and T costs no memory."""


@dataclass
class SpectralStart:
    """What one call has learned for the next about a layer's Jacobians."""

    common: Tensor | None = None
    """(N,), the common leading direction; None before the first sample."""
    overlap: float | None = None
    """ξ within the radius; None where they have little in common."""
    radius: float = 0.0
    """Most unusual score for which that holds."""
    usual: dict[str, tuple[Tensor, Tensor]] = field(default_factory=dict)
    """Mean and 1 / standard deviation of the multipliers."""
    age: int = 0
    """Calls since the sample."""

    def fits(self, like: Tensor) -> bool:
        """Whether it is of such a layer, and not too old."""
        common = self.common
        return (
            common is not None
            and (len(common), common.dtype) == (like.shape[-1], like.dtype)
            and common.device == like.device
            and self.age < RENEWAL
        )

    def is_outdated(self, steps: Linearisation) -> bool:
        """Whether so many are unusual by now that a new sample costs less than they do."""
        if self.overlap is None:
            return False
        return float((self.scores(steps) >= self.radius).float().mean()) > OUTDATED

    def scores(self, steps: Linearisation) -> Tensor:
        """(M,): how unusual each is, by the fourth powers, to which one multiplier may add up."""
        total = torch.zeros(())
        for name, each in multipliers(steps).items():
            mean, inverse = self.usual[name]
            square = torch.addcmul(-mean * inverse, each, inverse).flatten(1).square()
            total = total + torch.linalg.vecdot(square, square)
        return total


def jacobian_norms(
    steps: Linearisation,
    like: Tensor,
    widths: Widths,
    tolerance: float,
    warm: SpectralStart | None,
) -> Tensor:
    """(T, Q).

    Args:
        steps: the Jacobians.
        like: (T, Q, N) of the wanted dtype and device.
        widths: sizes of the state's parts.
        tolerance: relative error.
        warm: carries what was learned from one call to the next.
    """
    # Half of it, or of 3,200 of a large LSTM two were 1.4 % off at 1 %: some random start always
    # overlaps less than it should. It costs a tenth more.
    tolerance = tolerance / 2
    search = _Search(joined(steps), like.flatten(0, 1), widths, tolerance)
    # Behind the end of a sequence a Jacobian is the identity, and like no other; zoneout makes as
    # many kinds of them as it has masks.
    if len(search.like) < 4 * SAMPLED or tolerance < LOOSE or isinstance(steps, Ended | Zoneout):
        norms = search.strict()
    else:
        norms = search.trusting(SpectralStart() if warm is None else warm)
    split: Tensor = norms.unflatten(0, like.shape[:2])
    return split


class _Search:
    """Through M Jacobians."""

    def __init__(
        self, steps: Linearisation, like: Tensor, widths: Widths, tolerance: float
    ) -> None:
        self.steps, self.like, self.widths, self.tolerance = steps, like, widths, tolerance

    def strict(self, chosen: Tensor | None = None) -> Tensor:
        """(M,), of each from a random start of its own; or of those chosen."""
        steps = self.steps if chosen is None else at(self.steps, chosen)
        like = self.like if chosen is None else self.like[chosen]
        found = []
        for rows in _blocks(like):
            product = self._squared(at(steps, rows))
            found.append(leading(product, *random_start(like[rows]), self.tolerance).roots)
        return torch.cat(found).to(like.dtype)

    def trusting(self, warm: SpectralStart) -> Tensor:
        """(M,), strictly only of those that are too unusual."""
        if not warm.fits(self.like) or warm.is_outdated(self.steps):
            self._learn(warm)
        warm.age += 1
        if warm.overlap is None or warm.common is None:
            return self.strict()
        is_usual = warm.scores(self.steps) < warm.radius
        found = []
        for rows in _blocks(self.like):
            start = warm.common.expand(self.like[rows].shape)
            product = self._squared(at(self.steps, rows))
            each = leading(product, start, warm.overlap, self.tolerance, is_usual[rows])
            is_usual[rows] &= each.overlaps() > warm.overlap * CONFIRMING
            found.append(each.roots)
        norms = torch.cat(found).to(self.like.dtype)
        unusual = (~is_usual).nonzero()[:, 0]
        if len(unusual):
            norms[unusual] = self.strict(unusual)
        return norms

    def _learn(self, warm: SpectralStart) -> None:
        """From a sample."""
        even = torch.linspace(0, len(self.like) - 1, SAMPLED).long().to(self.like.device)
        warm.usual = {
            name: (each.mean(0), 1 / (each.std(0) + WIDTH))
            for name, each in multipliers(at(self.steps, even)).items()
        }
        scores = warm.scores(self.steps)
        rows = torch.cat([even, scores.topk(SAMPLED).indices])
        product = self._squared(at(self.steps, rows))
        start = random_start(self.like[rows])
        vectors = leading(product, *start, self.tolerance).vectors()
        warm.common = _common(vectors[:SAMPLED])
        overlaps = torch.linalg.vecdot(vectors, warm.common).abs()
        scores = scores[rows]
        # Of the next call's batch some are a little more unusual than any of these.
        limit = float(FURTHER * scores[:SAMPLED].amax())
        within = scores < limit
        # Where any but outliers disagree, others may do so too that were not sampled.
        # None is within where numbers are not finite.
        least = min(overlaps[within].tolist(), default=0.0)
        is_common = least > AGREEING and _is_spread(warm.common)
        warm.overlap = MARGIN * least if is_common else None
        warm.radius = limit if is_common else 0.0
        warm.age = 0

    def _squared(self, steps: Linearisation) -> Product:
        """V to JᵀJ v."""

        def product(vector: Tensor) -> Tensor:
            image = steps.vjp(steps.jvp(vector.split(self.widths, -1)))
            return image[0] if len(image) == 1 else torch.cat(image, -1)

        return product


def _is_spread(direction: Tensor) -> bool:
    """Whether a direction is of many units; 1 / Σ v⁴ is 1 for one unit, N/3 for a random one.

    Where a few lead, as in a diagonal network or by an LSTM's open forget gates, others may
    take over without notice: the product of Jᵀ J with the few says nothing of the others.
    """
    return float(1 / direction.pow(4).sum()) > len(direction) / 6


def _blocks(like: Tensor) -> list[slice]:
    count, size = like.shape
    block = max(4 * SAMPLED, BLOCK // size)
    return [slice(first, first + block) for first in range(0, count, block)]


def _common(vectors: Tensor) -> Tensor:
    """(N,) from (S, N): the direction nearest to all, by power iteration."""
    common = vectors[0]
    for _ in range(4):
        common = unit((vectors @ common) @ vectors)[0]
    return common
