"""Live training: pick a network and a task, train, and watch the gradients flow."""

from gradviz.ui import layout, training

state = layout.page("Live training", layout.LIVE)
training.sidebar(state)
training.heading(state)
training.live(state)
layout.write_url(state)
