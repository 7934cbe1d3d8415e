"""The page's own font in files: Streamlit brings Source Sans, and a browser here need not have it.

A picture that is drawn outside the page would otherwise be set in whatever sans-serif the machine
has, and look otherwise on each. Nothing is loaded: the font's bytes stand in the page and in the
file. PDF is the exception: Chromium writes a variable font as Type 3, which publishers refuse.
"""

from __future__ import annotations

import base64
from functools import cache
from importlib.util import find_spec
from pathlib import Path

FAMILY = "Source Sans"
"""As the pictures name it."""
WITHOUT = "sans-serif"
"""What a PDF is set in."""

_FILE = "SourceSansVF-Upright*.woff2"

_SCRIPT = """
<script>
const rule = `%s`;
const style = (words) => Object.assign(document.createElement("style"), { textContent: words });
document.head.append(style(rule));
const asked = ["400", "600"].map((weight) => document.fonts.load(`${weight} 12px "%s"`));
const loading = Promise.all(asked);
// An SVG drawn as an image sees no font of the page around it.
const bare = XMLSerializer.prototype.serializeToString;
let embeds = true;
XMLSerializer.prototype.serializeToString = function (node) {
  const drawn = bare.call(this, node);
  return embeds ? drawn.replace(/<svg[^>]*>/, (head) => `${head}<style>${rule}</style>`) : drawn;
};
const draw = Plotly.toImage;
Plotly.toImage = (figure, ...given) => loading.then(() => {
  embeds = figure.layout?.font?.family?.startsWith("%s");
  return draw(figure, ...given);
});
</script>
"""


@cache
def font_rule() -> str:
    """The `@font-face` of CSS with the font inside, 227 kB; empty where Streamlit has it not."""
    found = find_spec("streamlit")
    for place in (found.submodule_search_locations or ()) if found else ():
        for file in Path(place).glob(f"static/static/media/{_FILE}"):
            data = base64.b64encode(file.read_bytes()).decode()
            source = f'url(data:font/woff2;base64,{data}) format("woff2")'
            return f'@font-face {{ font-family: "{FAMILY}"; font-weight: 200 900; src: {source}; }}'
    return ""


class Page:
    """kaleido's page, in which the font is there to measure words by and goes into each drawing."""

    def generate_index(self) -> str:
        """The page; kaleido calls it by this name."""
        # Imported here: half of the formats do without.
        from kaleido import PageGenerator

        # MathJax would be fetched from outside this machine.
        page: str = PageGenerator(mathjax=False).generate_index()
        rule = font_rule()
        script = _SCRIPT % (rule, FAMILY, FAMILY) if rule else ""
        return page.replace("</head>", f"{script}</head>", 1)
