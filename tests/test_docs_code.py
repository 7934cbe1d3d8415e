"""The documentation's blocks of Python, run as a reader runs them: from the first to the last."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"

A_MODEL = """
import math, torch, gradviz
from torch import nn

class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.LSTM(3, 4)
        self.readout = nn.Linear(4, 2)

    def forward(self, x):
        return self.readout(self.encoder(x)[0][-1])

model, criterion = Model(), nn.CrossEntropyLoss()
x, y = torch.randn(6, 5, 3), torch.randint(2, (5,))
batches = [(x, y)] * 12
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
loss = criterion(model(x), y)
loss.backward()
"""
"""What pages that are about any model take for given."""

TAKEN_FOR_GIVEN = {
    "use_in_your_own_training.md": "",
    "instrument.md": A_MODEL,
    "recording.md": A_MODEL,
}


@pytest.mark.slow
@pytest.mark.parametrize("page", TAKEN_FOR_GIVEN)
def test_every_block_runs(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (DOCS / page).read_text("utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert blocks
    monkeypatch.chdir(tmp_path)
    # A figure that is shown would open a browser.
    monkeypatch.setattr("plotly.graph_objects.Figure.show", lambda figure: None)
    names: dict[str, object] = {"__name__": "a page"}
    for number, block in enumerate([TAKEN_FOR_GIVEN[page], *blocks]):
        exec(compile(block, f"{page}, block {number}", "exec"), names)  # noqa: S102 - our own pages


@pytest.mark.slow
def test_what_the_page_prints_is_what_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (DOCS / "use_in_your_own_training.md").read_text("utf-8")
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for kind, block in blocks:
        if kind == "python":
            exec(block, names)  # noqa: S102 - our own page
        elif "its gradient" in block:
            break
    printed = capsys.readouterr().out
    # The last digits of a norm are another machine's own.
    known = re.compile(
        r"reader\.l0 +lstm +60 × 32 +3 +1 \(1e-13\) +0% .* fades to 1/e within 3 of 59"
    )
    assert known.search(printed)
    assert known.search(block)
