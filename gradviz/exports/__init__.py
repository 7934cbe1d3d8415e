"""Pictures and runs as files: with a caption, the settings, and a way back to where they were made.

A *stamp* is what stands beneath a picture and in its file's metadata. Neither torch nor streamlit.
"""

from __future__ import annotations

from gradviz.exports.browser import ExportError, browser_path
from gradviz.exports.figure_data import as_csv, as_parquet, long_form
from gradviz.exports.files import FORMATS, RUN_FORMATS, Format, picture_file, run_file
from gradviz.exports.images import image
from gradviz.exports.run_arrays import as_npz, run_json
from gradviz.exports.stamp import Stamp, latex_caption, link_of, settings_of
from gradviz.exports.stamped import stamped
from gradviz.exports.tensorboard import event_file
from gradviz.exports.web import as_html, as_plotly_json

__all__ = [
    "FORMATS",
    "RUN_FORMATS",
    "ExportError",
    "Format",
    "Stamp",
    "as_csv",
    "as_html",
    "as_npz",
    "as_parquet",
    "as_plotly_json",
    "browser_path",
    "event_file",
    "image",
    "latex_caption",
    "link_of",
    "long_form",
    "picture_file",
    "run_file",
    "run_json",
    "settings_of",
    "stamped",
]
