"""The same run, drawn by two processes with a browser each: the same files, byte by byte."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pypdf
import pytest
from fabricated import fabricate

from gradviz import figures
from gradviz.exports import FORMATS, RUN_FORMATS, Stamp, picture_file
from gradviz.exports.font import font_rule

ROOT = Path(__file__).parents[2]
PICTURES = ("gradient_flow", "gradient_flow_over_training", "surface_3d")

_DRAWING = """
import hashlib, json, sys
from gradviz import figures
from gradviz.exports import FORMATS, RUN_FORMATS, Stamp, picture_file, run_file
from gradviz.recorded import load

(history,) = load("gain_one").values()
stamp = Stamp(picture="p", caption="‖∂L/∂h‖ <fades>", settings="cell=rnn", link="http://a/?b=c")
files = {kind: run_file(history, kind) for kind in RUN_FORMATS}
for name in sys.argv[1:]:
    about = [] if name == "surface_3d" else history
    figure = getattr(figures, name)(about, theme="dark")
    for kind in FORMATS:
        files[f"{name}.{kind}"] = picture_file(figure, kind, stamp, theme="dark")
print(json.dumps({name: hashlib.sha256(file).hexdigest() for name, file in files.items()}))
"""


def drawn_elsewhere(*names: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _DRAWING, *names]
    there = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, env=there, stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
@pytest.mark.usefixtures("browser")
def test_two_processes_write_the_same_bytes() -> None:
    """In another order, so that nothing one picture leaves in the browser reaches the next."""
    both = [drawn_elsewhere(*PICTURES), drawn_elsewhere(*PICTURES[::-1])]
    one, other = (json.loads(each.communicate(timeout=240)[0]) for each in both)
    assert len(one) == len(PICTURES) * len(FORMATS) + len(RUN_FORMATS)
    assert {name for name, file in one.items() if other[name] != file} == set()
    assert len(set(one.values())) == len(one)


@pytest.mark.slow
@pytest.mark.usefixtures("browser")
def test_an_svg_brings_its_font_and_a_pdf_has_one_that_publishers_take() -> None:
    figure = figures.loss(fabricate(), None, theme="light")
    svg = ET.fromstring(picture_file(figure, "svg", Stamp(picture="loss")))  # noqa: S314
    (style,) = (each for each in svg if each.tag.endswith("style") and each.text)
    assert style.text == font_rule()
    pdf = pypdf.PdfReader(io.BytesIO(picture_file(figure, "pdf", Stamp(picture="loss"))))
    fonts = pdf.pages[0]["/Resources"]["/Font"].values()  # type: ignore[index]
    assert {font.get_object()["/Subtype"] for font in fonts} == {"/Type0"}
