"""The gradient and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping

from gradviz.glossary.term import Term

_PASCANU = "Pascanu, Mikolov, Bengio 2013 (arXiv 1211.5063)"
_BENGIO = "Bengio, Simard, Frasconi 1994"

GRADIENTS: Mapping[str, Term] = {
    "gradient": Term(
        name="gradient",
        text="The derivatives of the loss, one for each weight or unit: by how much the loss "
        "would change.",
        equation=r"g = \partial L / \partial w",
        equation_text="g = ∂L/∂w",
    ),
    "gradient_norm": Term(
        name="gradient norm",
        text="The length of the gradient of all parameters together.",
        equation=r"\lVert g \rVert_2 = \sqrt{\textstyle\sum_i g_i^2}",
        equation_text="‖g‖₂ = √(Σ_i g_i²)",
        source=_PASCANU,
    ),
    "total_gradient": Term(
        name="total gradient",
        text="The derivative of the loss in the hidden state at t through every path, the later "
        "timesteps included.",
        equation=r"\delta_{t-1} = J_t^\top \delta_t + \text{direct term}",
        equation_text="δ_{t−1} = J_tᵀ δ_t + direct term",
        source=_PASCANU,
    ),
    "direct_gradient": Term(
        name="direct gradient",
        text="The part of the total gradient that comes from the output at t alone, without the "
        "recurrence. Where only the last output is judged it is zero before T.",
        equation=r"\partial L / \partial h_t \text{ with } h_{t+1}, \dots, h_T \text{ held fixed}",
        equation_text="∂L/∂h_t with h_{t+1}, …, h_T held fixed",
        source=_PASCANU,
    ),
    "bptt": Term(
        name="back-propagation through time (BPTT)",
        text="Back-propagation in the network unrolled over the timesteps: one multiplication by "
        "J_tᵀ for each timestep back.",
        equation=r"\partial L/\partial W_{hh} = \sum_t (\partial L/\partial a_t)\, h_{t-1}^\top",
        equation_text="∂L/∂W_hh = Σ_t (∂L/∂a_t) h_{t−1}ᵀ,  a_t = W_hh h_{t−1} + …",
        source="Werbos 1990",
    ),
    "truncated_bptt": Term(
        name="truncated BPTT",
        text="Every k1 timesteps the losses since the last time go back through the last k2 "
        "timesteps. There the gradient stops; the state goes on.",
        equation=r"\textstyle\sum_{t > T-k_2} (\partial L/\partial a_t)\, h_{t-1}^\top",
        equation_text="Σ over t > T − k2 of (∂L/∂a_t) h_{t−1}ᵀ",
        source="Williams, Peng 1990; Sutskever 2013",
    ),
    "contribution": Term(
        name="contribution of a timestep",
        text="The term that one timestep adds to the gradient of W_hh. All of them sum to the "
        "whole.",
        equation=r"(\partial L/\partial a_t)\, h_{t-1}^\top",
        equation_text="(∂L/∂a_t) h_{t−1}ᵀ",
        source=_PASCANU,
    ),
    "vanishing": Term(
        name="vanishing gradient",
        text="The gradient shrinks exponentially on its way back, so that early timesteps have no "
        "say in what is learned.",
        equation=r"\lVert P_t \rVert \to 0 \text{ as } T - t \text{ grows}",
        equation_text="‖P_t‖ → 0 as T − t grows",
        source=f"Hochreiter 1991; {_BENGIO}",
    ),
    "exploding": Term(
        name="exploding gradient",
        text="The gradient grows exponentially on its way back, so that one step throws the "
        "weights far away, in the end to NaN.",
        equation=r"\lVert P_t \rVert \to \infty \text{ as } T - t \text{ grows}",
        equation_text="‖P_t‖ → ∞ as T − t grows",
        source=f"{_BENGIO}; {_PASCANU}",
    ),
}
