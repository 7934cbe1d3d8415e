"""What scripts are made of: Python files that are read as text, never imported by gradviz.

Each is plain PyTorch on its own: imports on top, then functions and classes that take all that
they need as arguments. One part may use another by `from gradviz.script.parts.… import name`; in a
script that line becomes the definition itself. Only definitions that are used are written.
"""
