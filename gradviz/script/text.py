"""From a Draft whose slots are filled to the text of the script."""

from __future__ import annotations

import ast
import sys
import textwrap
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from urllib.parse import urlencode

from gradviz.config import CELLS, TASKS, RunConfig
from gradviz.script.bundle import Bundle, bundled, names_used
from gradviz.script.draft import Draft
from gradviz.script.imports import Imported, import_lines
from gradviz.script.layout import WIDTH, fitted

COMMON = (
    Imported("sys"),
    Imported("typing", "Any"),
    Imported("numpy", alias="np"),
    Imported("torch"),
    Imported("torch", "Tensor"),
    Imported("torch", "nn"),
    Imported("torch.func", "functional_call"),
    Imported("torch.nn", "functional"),
)
"""What the lines of a Draft may use without asking."""

_PIP_NAMES = {"sklearn": "scikit-learn"}

START = """\
if __name__ == "__main__":
    train(int(sys.argv[1]) if len(sys.argv) > 1 else 100)"""


def text_of(draft: Draft) -> str:
    """The script, formatted as ruff does."""
    model, training = _fitted(_model(draft)), _fitted(_training(draft))
    classes = [_fitted(each) for each in draft.classes]
    bundle = bundled(draft.wanted)
    clash = set(bundle.origin) & {*draft.settings, "Model", "train"}
    assert not clash, f"parts and settings must have names of their own, got {clash}"
    settings = list(_ordered(draft.settings).values())
    used = set(names_used(ast.parse("\n".join([*settings, *classes, model, training, START]))))
    needed = bundle.imports | {each for each in COMMON if each.bound in used}
    top = [_docstring(draft, needed), "", *import_lines(needed), "", *settings]
    written = [*_definitions(bundle), *classes, model, training, START]
    return "\n\n\n".join(["\n".join(top), *written]) + "\n"


def _ordered(settings: dict[str, str]) -> dict[str, str]:
    """In the order of RunConfig's fields; what is none of them behind."""
    order = {name.upper(): place for place, name in enumerate(RunConfig.model_fields)}
    return dict(sorted(settings.items(), key=lambda each: order.get(each[0], len(order))))


def _definitions(bundle: Bundle) -> list[str]:
    """Texts that stand two empty lines apart; constants that follow each other stand together."""
    texts: list[str] = []
    behind_constant = False
    for each in bundle.definitions:
        if each.is_constant and behind_constant:
            texts[-1] += f"\n{each.text}"
        else:
            texts.append(each.text)
        behind_constant = each.is_constant
    return texts


def _docstring(draft: Draft, needed: Iterable[Imported]) -> str:
    config = draft.config
    title = f"{CELLS[config.cell].label} on “{TASKS[config.task].label}”, trained in plain PyTorch."
    query = urlencode(config.to_query())
    link = ["In gradviz this is the link that ends in", "", f"    ?{query}"]
    if not query:
        link = ["In gradviz these are the settings of a link without any."]
    same = f"With torch {version('torch')}, on the same machine, it prints gradviz's own losses."
    how = "Run it as `python script.py 500` to take 500 steps; without a number it takes 100."
    sentences = [f"It needs {_packages(needed)}.", same, *draft.notes, how]
    text = textwrap.fill(" ".join(sentences), WIDTH)
    return "\n".join([f'"""{title}', "", *link, "", text, '"""'])


def _packages(needed: Iterable[Imported]) -> str:
    """What is to be installed, as pip names it."""
    modules = {each.module.split(".")[0] for each in needed} - sys.stdlib_module_names
    first, *others = sorted(_PIP_NAMES.get(each, each) for each in modules)
    return ", ".join([first, *others[:-1]]) + (f" and {others[-1]}" if others else "")


def _model(draft: Draft) -> str:
    arguments = "".join(f", {name}: int" for name in draft.arguments)
    init = [f"def __init__(self{arguments}) -> None:", *_indented(["super().__init__()"])]
    body = [*_class_docstring(draft), "", *init, *_indented(draft.attributes)]
    for method in draft.methods:
        body += ["", *method.splitlines()]
    return "\n".join(["class Model(nn.Module):", *_indented(body)])


def _class_docstring(draft: Draft) -> list[str]:
    if not draft.equations:
        return [f'"""{draft.title}"""']
    return [f'"""{draft.title}', "", *draft.equations, '"""']


def _training(draft: Draft) -> str:
    config = draft.config
    made = ", ".join(draft.arguments.values())
    cast = ["model.float()"] if config.dtype == "float32" else []
    why = "Weights are drawn in it, and then rounded." if cast else "Weights are drawn in it."
    body = [
        '"""Take steps, and print the loss of each."""',
        "torch.set_num_threads(1)",
        "torch.set_flush_denormal(True)  # Numbers below 1e-38 are 0; they would slow a step.",
        *draft.data,
        f"torch.manual_seed({draft.setting('seed')})",
        f"torch.set_default_dtype(torch.float64)  # {why}",
        f"model = Model({made})",
        "torch.set_default_dtype(torch.float32)",
        *cast,
        *([] if draft.stage else [f"optimizer = {draft.optimizer}"]),
        *draft.started,
        "for step in range(steps):",
        *_indented([*draft.stage, *draft.batch]),
        *_indented(["optimizer.zero_grad()"]),
        *_indented(draft.forward),
        *_indented(draft.backward),
        *_indented([*draft.clip, *draft.before_step]),
        *_indented(["optimizer.step()"]),
        *_indented(draft.after_step),
        *_indented(["print(step + 1, loss.item())"]),
    ]
    return "\n".join(["def train(steps: int) -> None:", *_indented(body)])


def _fitted(text: str) -> str:
    return "\n".join(part for line in text.splitlines() for part in fitted(line))


def _indented(lines: Sequence[str]) -> list[str]:
    """By one level; empty lines stay empty, and a line may be several."""
    return [textwrap.indent(line, "    ") for line in lines]
