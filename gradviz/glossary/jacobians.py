"""What carries a gradient from timestep to timestep."""

from __future__ import annotations

from collections.abc import Mapping

from gradviz.glossary.term import Term

_PASCANU = "Pascanu, Mikolov, Bengio 2013 (arXiv 1211.5063)"
_MEAN_FIELD = "Poole et al. 2016; Chen, Pennington, Schoenholz 2018 (arXiv 1806.05394)"
_BENGIO = "Bengio, Simard, Frasconi 1994"

JACOBIANS: Mapping[str, Term] = {
    "state": Term(
        name="state",
        text="All that a layer passes on from one timestep to the next: h of an RNN or GRU, h and "
        "c of an LSTM.",
        equation=r"s_t = h_t \ \text{or}\ (h_t, c_t)",
        equation_text="s_t = h_t or (h_t, c_t)",
    ),
    "jacobian": Term(
        name="step Jacobian",
        text="The derivatives of a timestep's state in the state before: what one timestep does "
        "to a small disturbance.",
        equation=r"J_t = \partial s_t / \partial s_{t-1}",
        equation_text="J_t = ∂s_t/∂s_{t−1}",
        source=_PASCANU,
    ),
    "spectral_norm": Term(
        name="spectral norm",
        text="The largest singular value of a matrix: by how much it can lengthen a vector at "
        "most. The norm of a product is at most the product of the norms.",
        equation=r"\lVert J \rVert_2 = \sigma_{\max}(J)",
        equation_text="‖J‖₂ = σ_max(J)",
    ),
    "frobenius_norm": Term(
        name="Frobenius norm",
        text="The root of the sum of a matrix's squared entries; over √N the root mean square by "
        "which it lengthens vectors of all directions.",
        equation=r"\lVert J \rVert_F = \sqrt{\textstyle\sum_{ij} J_{ij}^2}",
        equation_text="‖J‖_F = √(Σ_ij J_ij²)",
    ),
    "eigenvalue": Term(
        name="eigenvalue",
        text="A factor, complex in general, by which a matrix multiplies one of its own "
        "directions. Eigenvalues tell what many equal timesteps do, not what one does.",
        equation=r"J v = \mu v",
        equation_text="J v = μ v",
    ),
    "spectral_radius": Term(
        name="spectral radius",
        text="The largest absolute value of an eigenvalue. It is not the spectral norm, which is "
        "at least as large.",
        equation=r"\rho(W_{hh}) = \max |\mu|",
        equation_text="ρ(W_hh) = max |μ|",
        source=_PASCANU,
    ),
    "singular_value": Term(
        name="singular value",
        text="The factors by which a matrix lengthens a set of perpendicular directions. If all "
        "are 1, no direction grows or shrinks.",
        equation=r"J = U\, \mathrm{diag}(\sigma)\, V^\top",
        equation_text="J = U diag(σ) Vᵀ",
        source="Chen, Pennington, Schoenholz 2018 (arXiv 1806.05394)",
    ),
    "non_normal": Term(
        name="non-normal matrix",
        text="A matrix whose eigenvectors are not perpendicular. Its powers can grow for a while "
        "though all its eigenvalues are inside the unit circle.",
        equation=r"W W^\top \ne W^\top W",
        equation_text="W Wᵀ ≠ Wᵀ W;  for [[0.9, 10], [0, 0.9]] ‖W^k‖ peaks at 38.7, k = 9",
        source="Trefethen, Embree 2005",
    ),
    "linear_network": Term(
        name="linear network",
        text="The same recurrence without its nonlinearity. With W_hh = ρ × orthogonal, k "
        "timesteps multiply a gradient by ρ to the power of k.",
        equation=r"\lVert P_{T-k} \rVert = \rho^k",
        equation_text="‖P_{T−k}‖ = ρ^k",
        source=_PASCANU,
    ),
    "pascanu_bound": Term(
        name="Pascanu's bound",
        text="No timestep of a plain RNN lengthens a gradient by more than the norm of W_hh times "
        "the greatest slope of the activation. It is an upper bound, often far above.",
        equation=r"\lVert J_t \rVert_2 \le \gamma \lVert W_{hh} \rVert_2",
        equation_text="‖J_t‖₂ ≤ γ ‖W_hh‖₂, γ = 1 (tanh, relu), 1/4 (sigmoid)",
        source=_PASCANU,
    ),
    "transport": Term(
        name="transport",
        text="By how much a disturbance at t can be left, or have grown, at the last timestep: "
        "the spectral norm of the product of all step Jacobians after t.",
        equation=r"P_t = \partial s_T/\partial s_t = J_T J_{T-1} \cdots J_{t+1}",
        equation_text="P_t = ∂s_T/∂s_t = J_T J_{T−1} … J_{t+1}",
        source=f"{_BENGIO}; {_PASCANU}",
    ),
    "gradient_horizon": Term(
        name="gradient horizon",
        text="The least lag at which transport has fallen to 1/e; ∞ if it never does.",
        equation=r"\min\{k : \lVert \partial s_T/\partial s_{T-k} \rVert_2 \le 1/e\}",
        equation_text="min k with ‖∂s_T/∂s_{T−k}‖₂ ≤ 1/e",
        source=f"defined here, after {_BENGIO}",
    ),
    "lyapunov": Term(
        name="Lyapunov exponent",
        text="The mean logarithm, per timestep, by which a small disturbance grows in one "
        "direction; below 0 it dies out.",
        equation=r"\lambda_k = \tfrac1T \sum_t \ln |R_{t,kk}|,\quad Q_t R_t = J_t Q_{t-1}",
        equation_text="λ_k = (1/T) Σ_t ln |R_t,kk|, Q_t R_t = J_t Q_{t−1}",
        source="Benettin et al. 1980; Engelken, Wolf, Abbott 2023 (arXiv 2006.02427)",
    ),
    "pulse": Term(
        name="unit pulse",
        text="A gradient of 1 at one unit of the last hidden state, followed back timestep by "
        "timestep: how much every earlier state mattered to that unit.",
        equation=r"\partial h_T[u] / \partial s_t = P_t^\top e_u",
        equation_text="∂h_T[u]/∂s_t = P_tᵀ e_u",
    ),
    "mean_field": Term(
        name="mean-field theory",
        text="What a wide network with random independent weights does on average. For a tanh "
        "network it says by what factor a timestep changes the root mean square of a gradient.",
        equation=r"\sqrt{\chi_1},\quad \chi_1 = \sigma_w^2\, \mathbb{E}[\tanh'(a)^2]",
        equation_text="√χ₁, χ₁ = σ_w² E[tanh′(a)²]",
        source=_MEAN_FIELD,
    ),
    "critical_line": Term(
        name="critical line",
        text="The weight and bias variances at which, in mean-field theory, gradients neither "
        "grow nor shrink.",
        equation=r"\chi_1(\sigma_w^2, \sigma_b^2) = 1",
        equation_text="χ₁(σ_w², σ_b²) = 1;  σ_b² = 0.05 → σ_w² = 1.761",
        source=_MEAN_FIELD,
    ),
}
