"""The remedies by name, and set-ups with some of them.

Each is at one strength, with which a set-up that fails can be tried in a click. A further one is a
`Remedy` in the file of its kind.
"""

from __future__ import annotations

from gradviz.config.remedy_list.remedy import Kind, Remedy
from gradviz.config.remedy_list.treated import REMEDIES, treated
from gradviz.config.remedy_list.trial import Trial, label, trial

__all__ = ["REMEDIES", "Kind", "Remedy", "Trial", "label", "treated", "trial"]
