"""Networks that read one sequence and write another."""

from __future__ import annotations

from collections.abc import Mapping

from gradviz.glossary.term import Term

SHAPES: Mapping[str, Term] = {
    "encoder_decoder": Term(
        name="encoder–decoder",
        text="Two networks: the encoder reads the source, and its last state is the first state of "
        "the decoder, which writes the target.",
        equation=r"s^{dec}_0 = s^{enc}_S",
        equation_text="s₀ of the decoder = s_S of the encoder",
        source="Sutskever, Vinyals, Le 2014 (arXiv 1409.3215)",
    ),
    "bottleneck": Term(
        name="bottleneck",
        text="The one state through which all that the decoder learns of the source must pass, and "
        "every gradient on its way back.",
        equation=r"\partial L/\partial s^{enc}_S = J_1^\top\, \partial L/\partial s^{dec}_1",
        equation_text="∂L/∂s_S of the encoder = J₁ᵀ ∂L/∂s₁ of the decoder",
        source="Bahdanau, Cho, Bengio 2015 (arXiv 1409.0473)",
    ),
    "global_attention": Term(
        name="attention (global)",
        text="The decoder also reads a mean of all encoder states e_s, weighted at each timestep "
        "by a softmax of their scores: a path past the bottleneck.",
        equation=r"c_t = \textstyle\sum_s a_{ts} e_s,\; a_t = \mathrm{softmax}(h_t^\top W e_s)",
        equation_text="c_t = Σ_s a_ts e_s,  a_t = softmax over s of h_tᵀ W e_s",
        source="Luong, Pham, Manning 2015 (arXiv 1508.04025)",
    ),
    "teacher_forcing": Term(
        name="teacher forcing",
        text="While it trains the decoder is told the right symbol of the timestep before; where "
        "it is not, it goes on from its own (scheduled sampling).",
        equation=r"x_t = y_{t-1}",
        equation_text="x_t = y_{t−1}, or the decoder's own",
        source="Williams, Zipser 1989; Bengio et al. 2015 (arXiv 1506.03099)",
    ),
}
