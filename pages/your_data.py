"""Your data: a text or a CSV of the user's own becomes a task."""

from gradviz.ui import layout, your_data
from gradviz.ui.own_data import YOUR_DATA

state = layout.page("Your data", YOUR_DATA)
your_data.heading()
your_data.upload(state)
your_data.kept(state.own)
