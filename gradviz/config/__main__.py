"""`python -m gradviz.config`: write the table of settings into docs/api/training.md."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gradviz.config.fields import allowed
from gradviz.config.run_config import RunConfig
from gradviz.config.words import label_of
from gradviz.markdown import put_between

PAGE = Path(__file__).parents[2] / "docs" / "api" / "training.md"
BEGIN, END = "<!-- settings: python -m gradviz.config -->", "<!-- end of settings -->"


def lines() -> Iterator[str]:
    """Of the table: a row a field, in the order of the fields."""
    yield "| setting | default | may be | what it is |"
    yield "|---|---|---|---|"
    for name, field in RunConfig.model_fields.items():
        text = f"{label_of(name)}. {field.description}".replace("|", "\\|")
        yield f"| `{name}` | `{field.default!r}` | {allowed(name)} | {text} |"


if __name__ == "__main__":
    put_between(PAGE, BEGIN, END, lines())
