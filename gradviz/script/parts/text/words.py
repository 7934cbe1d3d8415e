"""Words as tokens."""

import re
from collections import Counter
from collections.abc import Iterable

WORD = re.compile(r"\w+(?:['’.\-]\w+)*|[^\w\s]")

END = "<eos>"


def words_of(paragraphs: Iterable[str]) -> list[str]:
    """In lower case, with <eos> behind each paragraph; a sign is a word of its own."""
    return [word for each in paragraphs for word in (*WORD.findall(each.lower()), END)]


def vocabulary(words: list[str], size: int) -> dict[str, int]:
    """Token of <unk>, of <eos> and of each of the most common words."""
    counts = Counter(word for word in words if word != END)
    common = sorted(counts, key=lambda word: (-counts[word], word))[:size]
    return {word: token for token, word in enumerate(["<unk>", END, *common])}
