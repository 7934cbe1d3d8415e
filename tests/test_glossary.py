"""The glossary: every term whole, every picture explained, nothing at odds with the instrument."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from every import every

from gradviz import figures
from gradviz.config import CELLS
from gradviz.config.remedy_list import REMEDIES
from gradviz.glossary import PICTURE_TERMS, TERMS, Term, terms_in
from gradviz.history import RECENT, SOLVED
from gradviz.reading.verdicts import LOST, MARGIN

EVERY = every("term", TERMS.values(), ids=lambda each: each.name)


def test_there_are_enough_and_no_two_alike() -> None:
    assert len(TERMS) >= 35
    assert len({term.name for term in TERMS.values()}) == len(TERMS)
    assert len({term.text for term in TERMS.values()}) == len(TERMS)
    assert all(key.isidentifier() for key in TERMS)


@EVERY
def test_a_term_is_told_in_a_sentence_or_two(term: Term) -> None:
    assert 20 <= len(term.text) <= 240
    assert term.text.endswith(".")
    assert 1 <= len(re.findall(r"[.?](?: |$)", term.text)) <= 2


@EVERY
def test_an_equation_is_there_twice(term: Term) -> None:
    """LaTeX with its braces closed, and plain text that a tooltip can show."""
    assert term.equation
    assert term.equation_text
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", term.equation):
        depth += 1 if brace == "{" else -1
        assert depth >= 0
    assert depth == 0
    assert "$" not in term.equation
    assert "\\" not in term.equation_text
    assert term.equation_text.isprintable()
    assert len(term.equation_text) <= 90


def test_a_page_can_explain_every_picture() -> None:
    assert set(PICTURE_TERMS) >= {*figures.LIVE, *figures.ENCODER_DECODER}
    for picture, keys in PICTURE_TERMS.items():
        assert keys, picture
        assert len(set(keys)) == len(keys)
        assert set(keys) <= set(TERMS), picture


def test_no_gate_is_named_that_the_cell_lacks() -> None:
    assert terms_in("gates", CELLS["lstm"].gates) == (
        "gate",
        "input_gate",
        "forget_gate",
        "output_gate",
        "candidate",
    )
    assert terms_in("gates", CELLS["gru"].gates) == (
        "gate",
        "candidate",
        "reset_gate",
        "update_gate",
    )
    assert terms_in("half_life", CELLS["sru"].gates) == ("half_life", "forget_gate", "chrono_init")
    assert terms_in("gate_maps", ()) == ("gate", "timestep")
    assert terms_in("gates") == PICTURE_TERMS["gates"]
    assert terms_in("loss", ()) == PICTURE_TERMS["loss"]
    assert terms_in("no picture") == ()


def test_every_gate_of_a_cell_can_be_explained() -> None:
    for name, cell in CELLS.items():
        assert len(terms_in("gates", cell.gates)) == 1 + len(cell.gates), name


@every(
    ("key", "remedy"),
    {
        "zoneout": "zoneout",
        "dropconnect": "dropconnect",
        "variational_dropout": "variational_dropout",
        "recurrent_dropout": "recurrent_dropout",
        "spectral_cap": "spectral_cap",
        "max_norm": "max_norm",
        "weight_decay": "weight_decay",
        "omega": "omega",
        "batch_norm": "batch_norm",
        "layer_norm": "layer_norm",
        "standardised_inputs": "standardised",
        "pca": "pca",
        "training_set": "full_batch",
        "pretraining": "pretraining",
        "warm_up": "warm_up",
        "schedule": "cosine",
        "xavier_init": "xavier",
        "he_init": "he",
        "chrono_init": "chrono",
    }.items(),
)
def test_a_remedy_is_of_one_paper(key: str, remedy: str) -> None:
    """First author and year are those that the list of remedies gives."""
    named = REMEDIES[remedy].paper
    author, year = re.findall(r"^\w+", named)[0], re.findall(r"\b(?:18|19|20)\d\d\b", named)[0]
    assert author in TERMS[key].source
    assert year in TERMS[key].source


def test_equations_are_those_of_the_instrument() -> None:
    """Where a term is measured, the glossary writes the measured quantity's equation."""
    from gradviz.flow.quantities import QUANTITIES

    quantities = {quantity.name: quantity for quantity in QUANTITIES}
    for key, name in {
        "jacobian": "jacobian",
        "gradient_horizon": "gradient_horizon",
        "clip_factor": "clip_factor",
        "clip_angle": "clip_angle",
        "saturation": "gate_saturation",
        "spectral_radius": "spectral_radius",
        "lyapunov": "lyapunov_exponents",
        "forget_path": "forget_product_log10",
        "transport": "transport_log10",
        "pascanu_bound": "jacobian_bound",
    }.items():
        ours, measured = squeezed(TERMS[key].equation_text), squeezed(quantities[name].equation)
        shorter = min(ours, measured, key=len)
        common = [piece for piece in re.split("[,:;]", shorter) if len(piece) > 4]
        assert any(piece in ours and piece in measured for piece in common), (ours, measured)


def squeezed(equation: str) -> str:
    return re.sub(r"log10|[\s‖₂()]", "", equation).replace("with", ":")


def test_the_numbers_in_the_terms_are_right() -> None:
    assert float(f"{2.0**-126:.1e}") == 1.2e-38
    matrix = np.array([[0.9, 10.0], [0.0, 0.9]])
    norms = [np.linalg.norm(np.linalg.matrix_power(matrix, k), 2) for k in range(1, 70)]
    assert f"peaks at {max(norms):.1f}, k = {1 + int(np.argmax(norms))}" in (
        TERMS["non_normal"].equation_text
    )
    before, after = np.array([0.9, 100.0]), np.array([0.9, 1.0])
    cosine = before @ after / np.linalg.norm(before) / np.linalg.norm(after)
    assert f"{math.degrees(math.acos(cosine)):.2f}°" in TERMS["clip_angle"].text
    assert f"{0.5 - 5 / (1 + math.exp(-0.5)):.4f}".replace("-", "−") in (
        TERMS["cliff"].equation_text
    )
    forget = 1 / (1 + math.exp(-math.log(50 - 1)))
    assert forget == pytest.approx(1 - 1 / 50)
    assert forget**50 == pytest.approx(1 / math.e, rel=0.02)
    assert f"{1 - MARGIN:g} · best untreated" in TERMS["verdict"].equation_text
    assert f"{1 + MARGIN:g} · worst" in TERMS["verdict"].equation_text
    assert f"{MARGIN * 100:g} %" in TERMS["verdict"].text
    assert TERMS["solved"].equation_text == f"mean of L over {RECENT} steps < {SOLVED:g} · floor"
    assert TERMS["lost_run"].equation_text.endswith(f"> {LOST:g} · floor")
