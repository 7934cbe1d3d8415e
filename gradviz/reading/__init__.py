"""History → plain words: what the pictures show, made only from what was measured."""

from __future__ import annotations

from gradviz.reading.phrases import Level, Reading
from gradviz.reading.run import read

__all__ = ["Level", "Reading", "read"]
