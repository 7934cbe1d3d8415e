"""Lectures: ordered scripts of slides in YAML files, and quizzes that a measurement decides.

No torch and no Streamlit: a page shows what `load` gives.
"""

from __future__ import annotations

from gradviz.lectures.lecture import Lecture, Slide
from gradviz.lectures.load import LectureError, load, parse
from gradviz.lectures.measures import MEASURES, Measure
from gradviz.lectures.pages import HIDEABLE, PAGES, PICTURES
from gradviz.lectures.quiz import Option, Quiz, Verdict, judge
from gradviz.lectures.shelf import find, folders, names

__all__ = [
    "HIDEABLE",
    "MEASURES",
    "PAGES",
    "PICTURES",
    "Lecture",
    "LectureError",
    "Measure",
    "Option",
    "Quiz",
    "Slide",
    "Verdict",
    "find",
    "folders",
    "judge",
    "load",
    "names",
    "parse",
]
