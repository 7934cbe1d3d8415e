"""What all tests share. Being here also puts tests/ on the path, for `import fabricated`."""

from hypothesis import settings

# Hypothesis' deadline of 0.2 s an example fails on a machine that is busy.
settings.register_profile("gradviz", deadline=None, max_examples=60)
settings.load_profile("gradviz")
