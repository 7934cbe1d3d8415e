"""The text that language models are trained on."""

from bisect import bisect
from itertools import accumulate

from gradviz.script.parts.text.prose import topics


def training_paragraphs() -> list[str]:
    """The first nine tenths of Python's help; the others are held out."""
    paragraphs = [each for topic in topics().values() for each in topic]
    ends = list(accumulate(len(each) for each in paragraphs))
    return paragraphs[: bisect(ends, 0.9 * ends[-1])]
