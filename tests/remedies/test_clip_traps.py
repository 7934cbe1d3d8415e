"""SCIENCE trap 8: one bad gradient, in PyTorch's own clips and in ours."""

from __future__ import annotations

import math

import pytest
import torch

from gradviz.remedies import ClipTrap, clip_traps

TRAPS = {(trap.case, trap.kind): trap for trap in clip_traps()}
HUGE, INF, NAN = "one entry of 1e20", "one inf", "one nan"


@pytest.mark.parametrize(
    ("case", "kind", "outcome", "says"),
    [
        (HUGE, "norm", "all zero", "norm overflow"),
        (HUGE, "value", "finite", ""),
        (HUGE, "agc", "finite", ""),
        (INF, "norm", "some nan", "inf"),
        (INF, "value", "finite", "inf"),
        (INF, "agc", "some nan", "inf"),
        (NAN, "norm", "all nan", "nan"),
        (NAN, "value", "some nan", "nan"),
        (NAN, "agc", "some nan", "nan"),
    ],
)
def test_what_is_left(case: str, kind: str, outcome: str, says: str) -> None:
    trap = TRAPS[case, kind]  # type: ignore[index]
    assert (trap.outcome, trap.says) == (outcome, says)


def test_every_case_meets_every_clip() -> None:
    assert len(TRAPS) == len(clip_traps()) == 9


@pytest.mark.parametrize("trap", clip_traps(), ids=lambda trap: f"{trap.kind} {trap.case}")
def test_pytorch_itself_does_the_same(trap: ClipTrap) -> None:
    parameter = torch.nn.Parameter(torch.ones(len(trap.before)))
    parameter.grad = torch.tensor(trap.before)
    told = float(torch.nn.utils.clip_grad_norm_([parameter], 1.0))
    assert trap.reported == pytest.approx(told, nan_ok=True)
    assert not math.isfinite(told)
    if trap.kind == "value":
        parameter.grad = torch.tensor(trap.before)
        torch.nn.utils.clip_grad_value_([parameter], 1.0)
    if trap.kind != "agc":
        assert trap.after == pytest.approx(parameter.grad.tolist(), nan_ok=True)


def test_only_what_is_bad_of_the_first_is_its_size() -> None:
    assert TRAPS[HUGE, "norm"].norm == pytest.approx(1e20, rel=1e-6)
    assert math.isinf(TRAPS[INF, "norm"].norm)
    assert math.isnan(TRAPS[NAN, "norm"].norm)
