"""The pictures of the documentation: of every scenario and of every page, in light and dark.

Nothing trains here: scenarios are drawn from their recorded runs, pages are photographed in a
browser. `docs/pictures/manifest.json` says of each picture what it shows and which address shows
it again; `check` compares that with what the pages would show now, without a browser.
"""
