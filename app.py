"""Home: what gradviz is, and the scenarios to start from."""

from gradviz.ui import home, layout

home.forward()
state = layout.page("Home", layout.HOME)
home.welcome()
home.lessons()
home.gallery()
