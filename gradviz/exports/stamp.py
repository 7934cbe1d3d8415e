"""The stamp of a picture: its caption, what was run, and the link that shows it again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import plotly

from gradviz import __version__
from gradviz.config import RecordedConfig, RunConfig

MAIN = ("task", "cell", "hidden_size", "num_layers", "seq_len", "optimizer", "learning_rate")
"""Settings that are said even where they are the default."""

Setups = Mapping[str, Sequence[RunConfig | RecordedConfig]]
"""Label of a set-up to its configs, one a seed; of one run the label is ""."""

_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{character: "\\" + character for character in "&%$#_{}"},
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Stamp:
    """What a file says of its picture."""

    picture: str
    """Its name, as "gradient_flow"."""
    caption: str = ""
    """In the user's own words."""
    settings: str = ""
    """What was run, of `settings_of`."""
    link: str = ""
    """The address that shows the same settings."""

    @property
    def versions(self) -> str:
        """Of what drew it."""
        return f"gradviz {__version__}, plotly {plotly.__version__}"

    @property
    def facts(self) -> str:
        """The quiet line below the caption."""
        return " · ".join(filter(None, [self.settings, f"gradviz {__version__}"]))

    @property
    def metadata(self) -> dict[str, str]:
        """Name to words, without what is empty; the names are those that PNG files use."""
        said = {
            "Title": self.picture,
            "Description": self.caption,
            "Settings": self.settings,
            "Source": self.link,
            "Software": self.versions,
        }
        return {name: words for name, words in said.items() if words}


def settings_of(setups: Setups, step: int | None = None) -> str:
    """What was run in a line: what all set-ups share, then each one's own.

    Args:
        setups: the configs by label.
        step: which the picture shows.
    """
    each = {label: _settings(configs) for label, configs in setups.items() if configs}
    if not each:
        return ""
    first = next(iter(each.values()))
    shared = {n: v for n, v in first.items() if all(own.get(n) == v for own in each.values())}
    parts = [f"step {step:,}"] if step else []
    parts += [f"{name}={value}" for name, value in shared.items()]
    for label, own in each.items():
        rest = ", ".join(f"{n}={v}" for n, v in own.items() if n not in shared)
        if rest:
            parts.append(f"{label}: {rest}" if label else rest)
    return " · ".join(parts)


def _settings(configs: Sequence[RunConfig | RecordedConfig]) -> dict[str, str]:
    first = configs[0]
    if isinstance(first, RecordedConfig):
        return {"model": first.model} | {n: _plain(v) for n, v in first.settings.items()}
    every = first.to_dict()
    chosen = {name: every[name] for name in MAIN} | first.differences() | {"seed": 0}
    said = {name: _plain(value) for name, value in chosen.items()}
    seeds = [str(each.seed) for each in configs if isinstance(each, RunConfig)]
    return said | {"seed": "+".join(seeds)}


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def link_of(address: str, page: str, query: Mapping[str, str | list[str]]) -> str:
    """The address of a page with its settings.

    Args:
        address: of the app, as "http://127.0.0.1:8501".
        page: as "live_training".
        query: names to a value, or to all values given under that name.
    """
    asked = urlencode(query, doseq=True)
    return f"{address.rstrip('/')}/{page}" + (f"?{asked}" if asked else "")


def latex_caption(stamp: Stamp) -> str:
    r"""A \caption for LaTeX, with what was run and the picture's name as label.

    The link is in a comment, for an address needs a package of its own.
    """
    words = " ".join(filter(None, [_sentence(stamp.caption), _sentence(stamp.settings)]))
    caption = f"\\caption{{{_latex(words)}}}\n\\label{{fig:{stamp.picture.replace('_', '-')}}}"
    return caption + (f"\n% {_one_line(stamp.link)}" if stamp.link else "")


def _sentence(words: str) -> str:
    words = _one_line(words)
    return words if not words or words[-1] in ".!?" else f"{words}."


def _one_line(words: str) -> str:
    return " ".join(words.split())


def _latex(words: str) -> str:
    return "".join(_LATEX.get(character, character) for character in words)
