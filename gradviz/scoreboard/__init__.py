"""The scoreboard of all remedies on all diseases: trained, told, written into a page."""

from __future__ import annotations

from gradviz.scoreboard.board import Board, board_of, jobs_of
from gradviz.scoreboard.markdown import BEGIN, END, written
from gradviz.scoreboard.timing import time_ratios

__all__ = ["BEGIN", "END", "Board", "board_of", "jobs_of", "time_ratios", "written"]
