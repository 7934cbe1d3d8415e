"""Clipping, and the surface that asks for it."""

from __future__ import annotations

from collections.abc import Mapping

from gradviz.glossary.term import Term

_PASCANU = "Pascanu, Mikolov, Bengio 2013 (arXiv 1211.5063)"
_GOODFELLOW = "Goodfellow, Bengio, Courville 2016, §10.11"

CLIPPING: Mapping[str, Term] = {
    "clip_norm": Term(
        name="clip by norm",
        text="A gradient longer than the threshold is shortened to it. Its direction stays.",
        equation=r"g \cdot \min(1, \theta / \lVert g \rVert_2)",
        equation_text="g · min(1, θ/‖g‖₂)",
        source=_PASCANU,
    ),
    "clip_value": Term(
        name="clip by value",
        text="Every entry of the gradient is cut at the threshold for itself. That turns the "
        "gradient.",
        equation=r"\max(-\theta, \min(\theta, g_i))",
        equation_text="max(−θ, min(θ, g_i))",
        source=_GOODFELLOW,
    ),
    "clip_agc": Term(
        name="adaptive clipping (AGC)",
        text="Each unit's gradient is shortened where it is long beside the unit's own weights. "
        "The threshold is that ratio.",
        equation=r"\lVert G_i \rVert / \max(\lVert W_i \rVert, \epsilon) \le \lambda",
        equation_text="‖G_i‖ / max(‖W_i‖, ε) ≤ λ",
        source="Brock, De, Smith, Simonyan 2021 (arXiv 2102.06171)",
    ),
    "clip_threshold": Term(
        name="clip threshold",
        text="The largest norm (by norm), entry (by value) or ratio (adaptive) that passes "
        "unchanged.",
        equation=r"\theta\ \text{(by norm, by value)},\ \lambda\ \text{(adaptive)}",
        equation_text="θ (by norm, by value), λ (adaptive)",
        source=_PASCANU,
    ),
    "clip_factor": Term(
        name="clip factor",
        text="What the clip leaves of the gradient's length, between 0 and 1.",
        equation=r"\lVert g_\text{post} \rVert / \lVert g_\text{pre} \rVert",
        equation_text="‖g_post‖₂ / ‖g_pre‖₂",
        source=_PASCANU,
    ),
    "clip_angle": Term(
        name="clip angle",
        text="The angle between the gradient before and after the clip. By norm it is 0°; (0.9, "
        "100) cut by value at 1 turns by 41.47°.",
        equation=r"\angle(g_\text{pre}, g_\text{post})",
        equation_text="∠(g_pre, g_post)",
        source=f"{_GOODFELLOW}.1",
    ),
    "clipped_share": Term(
        name="share of clipped steps",
        text="How many of the steps had a gradient above the threshold. If it is all, the "
        "threshold acts as a step length.",
        equation=r"\tfrac1S \textstyle\sum_s [g_\text{post} \ne g_\text{pre}]",
        equation_text="(1/S) · number of steps with g_post ≠ g_pre",
    ),
    "effective_learning_rate": Term(
        name="effective learning rate",
        text="The learning rate times what the clip left of the gradient: the factor with which "
        "plain SGD follows the gradient as it was.",
        equation=r"\eta\, \lVert g_\text{post} \rVert / \lVert g_\text{pre} \rVert",
        equation_text="η ‖g_post‖₂ / ‖g_pre‖₂",
    ),
    "error_surface": Term(
        name="error surface",
        text="The error as a height over the weights; here over the two of Pascanu's single unit.",
        equation=r"x_t = w\,\sigma(x_{t-1}) + b,\quad E = (\sigma(x_{50}) - 0.7)^2",
        equation_text="x_t = w σ(x_{t−1}) + b, x₀ = 0.5, E = (σ(x₅₀) − 0.7)²",
        source=_PASCANU,
    ),
    "cliff": Term(
        name="cliff",
        text="A wall in the error surface, where a tiny change of the weights changes the error "
        "greatly. A gradient taken there throws the weights far away.",
        equation=r"b^* = x_0 - w\,\sigma(x_0)",
        equation_text="b* = x₀ − w σ(x₀);  w = 5 → −2.6123, |∇E| ≈ 6.8e3",
        source=_PASCANU,
    ),
}
