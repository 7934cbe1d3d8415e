"""The arrays of records."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Complexes = NDArray[np.complexfloating[Any, Any]]
