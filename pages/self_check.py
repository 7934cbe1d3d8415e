"""Self-check: networks whose gradients are known on paper, measured on this machine."""

from gradviz.ui import layout, self_check

state = layout.page("Self-check", layout.SELF_CHECK)
self_check.heading()
self_check.buttons(state)
self_check.results(state)
