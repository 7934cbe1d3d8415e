"""Runs: what was saved, to be found, looked at again, compared and given away."""

from gradviz.ui import layout, run_edits, run_files, run_list, run_viewer
from gradviz.ui.saving import RUNS

layout.page("Runs", RUNS)
run_list.heading()
run_edits.undo()
run_viewer.chosen_runs(run_list.chosen())
run_files.import_file()
run_files.room()
