"""Remedies: what each changes, and how it is judged."""

from __future__ import annotations

from collections.abc import Mapping

from gradviz.glossary.term import Term

_PASCANU = "Pascanu, Mikolov, Bengio 2013 (arXiv 1211.5063)"

REMEDIES: Mapping[str, Term] = {
    "zoneout": Term(
        name="zoneout",
        text="At each timestep a unit keeps its old value with probability p (m = 1), else takes "
        "the new one. A unit that keeps hands its gradient on unchanged.",
        equation=r"s_t = m_t s_{t-1} + (1 - m_t) \tilde s_t,\; "
        r"J_t = \mathrm{diag}(m_t) + \mathrm{diag}(1 - m_t) \tilde J_t",
        equation_text="s_t = m_t s_{t−1} + (1 − m_t) s̃_t,  J_t = diag(m_t) + diag(1 − m_t) J̃_t",
        source="Krueger et al. 2016 (arXiv 1606.01305)",
    ),
    "dropconnect": Term(
        name="DropConnect",
        text="A share p of the recurrent weights is 0 for a training step, at all timesteps and in "
        "all sequences the same. The others are larger by 1/(1 − p).",
        equation=r"d \odot W_{hh} \text{ for } W_{hh},\ d \in \{0, 1/(1 - p)\}",
        equation_text="d ⊙ W_hh for W_hh, d = 0 or 1/(1 − p)",
        source="Merity, Keskar, Socher 2017 (arXiv 1708.02182)",
    ),
    "variational_dropout": Term(
        name="variational dropout",
        text="A layer reads 0 for a share p of its inputs and of its own state before. Each "
        "sequence has its own mask, the same at all timesteps.",
        equation=r"a_t = W_{ih} (d_x \odot x_t) + W_{hh} (d_h \odot h_{t-1}) + b",
        equation_text="a_t = W_ih (d_x ⊙ x_t) + W_hh (d_h ⊙ h_{t−1}) + b",
        source="Gal, Ghahramani 2016 (arXiv 1512.05287)",
    ),
    "recurrent_dropout": Term(
        name="recurrent dropout",
        text="A share p of the candidate is 0, another one at each timestep. What is remembered is "
        "never dropped.",
        equation=r"c_t = f_t c_{t-1} + i_t (d_t \odot g_t)",
        equation_text="c_t = f_t c_{t−1} + i_t (d_t ⊙ g_t)",
        source="Semeniuta, Severyn, Barth 2016 (arXiv 1603.05118)",
    ),
    "max_norm": Term(
        name="max-norm constraint",
        text="After every step the weights that go into one unit are shortened to norm c where "
        "they are longer; those of input and recurrence each for themselves.",
        equation=r"w \leftarrow w \cdot \min(1, c / \lVert w \rVert_2)",
        equation_text="w ← w · min(1, c/‖w‖₂), w a row of W",
        source="Srebro, Shraibman 2005; Srivastava et al. 2014",
    ),
    "spectral_cap": Term(
        name="spectral cap",
        text="After every step the singular values of a gate's W that exceed c are set to c. Of a "
        "plain RNN no timestep then lengthens a gradient by more than γc.",
        equation=r"W \leftarrow U \min(\Sigma, c)\, V^\top",
        equation_text="W ← U min(Σ, c) Vᵀ",
        source=f"Sedghi, Gupta, Long 2019 (arXiv 1805.10408); {_PASCANU}",
    ),
    "penalty": Term(
        name="L1 and L2 penalty",
        text="What the entries of the weight matrices cost beside the loss. The gradient has it "
        "before the clip; the loss that is shown does not.",
        equation=r"\partial L/\partial w + \lambda_1 \mathrm{sign}(w) + 2 \lambda_2 w",
        equation_text="L + λ₁ Σ|w| + λ₂ Σw²;  ∂L/∂w + λ₁ sign(w) + 2λ₂ w",
        source="Tibshirani 1996; Krogh, Hertz 1992",
    ),
    "weight_decay": Term(
        name="weight decay",
        text="Every step first makes each weight smaller by the same share, unseen by gradient and "
        "clip. Under Adam that is not an L2 penalty, which Adam would rescale.",
        equation=r"w \leftarrow (1 - \eta \lambda)\, w",
        equation_text="w ← (1 − ηλ) w, then the optimiser's step",
        source="Loshchilov, Hutter 2019 (arXiv 1711.05101)",
    ),
    "omega": Term(
        name="Ω penalty",
        text="What it costs where a timestep changes the length of the error that goes back "
        "through it. Its gradient is taken by W_hh within J_t alone.",
        equation=r"\Omega = \sum_t (\lVert \delta_{t+1}^\top J_{t+1} \rVert / "
        r"\lVert \delta_{t+1} \rVert - 1)^2",
        equation_text="Ω = Σ_t (‖δ_{t+1}ᵀ J_{t+1}‖ / ‖δ_{t+1}‖ − 1)²",
        source=_PASCANU,
    ),
    "batch_norm": Term(
        name="batch normalisation",
        text="A unit's output less its mean and divided by its spread, over all sequences and "
        "timesteps of the batch. It stands between layers, never from timestep to timestep.",
        equation=r"\hat u = (u - \bar u) / \sqrt{\mathrm{var}\, u + \epsilon}",
        equation_text="û = (u − mean u) / √(var u + ε), over t and b",
        source="Ioffe, Szegedy 2015 (arXiv 1502.03167); Laurent et al. 2016 (arXiv 1510.01378)",
    ),
    "standardised_inputs": Term(
        name="standardised inputs",
        text="Each feature less its mean and divided by its spread. Both are taken once, from a "
        "sample of the data, and are the same in every batch and run.",
        equation=r"x \leftarrow (x - \mu) / \sigma",
        equation_text="x ← (x − μ) / σ",
        source="LeCun, Bottou, Orr, Müller 1998",
    ),
    "pca": Term(
        name="principal components (PCA)",
        text="A timestep's features become n numbers: their parts along the n directions in which "
        "a sample of the data varies most. The directions are the same in every run.",
        equation=r"x \leftarrow V_n^\top (x - \mu)",
        equation_text="x ← V_nᵀ (x − μ), C = V diag(λ) Vᵀ, λ₁ ≥ λ₂ ≥ …",
        source="Pearson 1901; Hotelling 1933",
    ),
    "training_set": Term(
        name="training set",
        text="N sequences drawn once and read in shuffled rounds. A batch B of all is batch "
        "gradient descent, of 1 stochastic; without a set each batch is drawn anew.",
        equation=r"B = N,\quad 1 < B < N,\quad B = 1",
        equation_text="B = N (batch), 1 < B < N (mini-batch), B = 1 (stochastic)",
        source="Cauchy 1847; Robbins, Monro 1951; Bottou 1998",
    ),
    "held_out": Term(
        name="held-out data",
        text="What is set aside, or drawn, for judging alone: the loss there is taken with nothing "
        "dropped out, and no step is made by it.",
        equation=r"L_\text{held out}",
        equation_text="loss on data that no step is made by",
    ),
    "pretraining": Term(
        name="greedy pre-training",
        text="Each layer is trained upon those below, which are frozen, N steps for each; then all "
        "together. The readout answers from the layer that is trained.",
        equation=r"\text{stage} = \lfloor k / N \rfloor",
        equation_text="stage ⌊k/N⌋ of step k; all layers from stage L on",
        source="Bengio, Lamblin, Popovici, Larochelle 2007; Hinton, Osindero, Teh 2006",
    ),
    "warm_up": Term(
        name="warm-up",
        text="The learning rate rises in a straight line through the first W steps.",
        equation=r"\eta_k = \eta\, (k + 1) / W",
        equation_text="η_k = η (k + 1)/W while k < W",
        source="Goyal et al. 2017 (arXiv 1706.02677)",
    ),
    "schedule": Term(
        name="schedule",
        text="How the learning rate falls after the warm-up: in steps, by a factor, or along half "
        "a cosine to the share γ.",
        equation=r"\eta \gamma^{\lfloor n/N \rfloor},\; \eta \gamma^{n/N},\; "
        r"\eta (\gamma + (1 - \gamma)(1 + \cos(\pi n/N))/2)",
        equation_text="η γ^⌊n/N⌋,  η γ^(n/N),  η (γ + (1 − γ)(1 + cos(πn/N))/2)",
        source="Loshchilov, Hutter 2017 (arXiv 1608.03983)",
    ),
    "lost_run": Term(
        name="lost run",
        text="A run in which a number was not finite, or whose loss ends above ten times the "
        "floor. A remedy with fewer of them survives; it helps if what is left ends below the "
        "floor.",
        equation=r"L > 10 \cdot \text{floor}",
        equation_text="L = nan or inf, or at last L > 10 · floor",
    ),
    "solved": Term(
        name="solved",
        text="A run has solved its task at the first step where the mean loss of its last 20 steps "
        "is below a tenth of the floor; on held-out data too, where there are some.",
        equation=r"\tfrac1{20} \textstyle\sum_{k > s - 20} L_k < 0.1 \cdot \text{floor}",
        equation_text="mean of L over 20 steps < 0.1 · floor",
    ),
    "verdict": Term(
        name="verdict",
        text="What a remedy came to beside the same seeds untreated. What differs first decides: "
        "lost runs, runs that solve the task, the steps to it, losses on unseen data by more than "
        "5 %.",
        equation=r"\text{worst loss} < 0.95 \cdot \text{best untreated} \Rightarrow \text{helps}",
        equation_text="helps: worst loss < 0.95 · best untreated;  harms: best > 1.05 · worst",
    ),
}
