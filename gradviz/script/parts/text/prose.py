"""Python's own help as prose: without code, grammar and tables."""

import re
from pydoc_data.topics import topics as help_texts

NO_PROSE = ("::=", ">>>", "Traceback (", "    ", "+--", "===", "***")


def topics() -> dict[str, list[str]]:
    """Topic to its paragraphs; each paragraph is of the first topic that has it."""
    seen: set[str] = set()
    found: dict[str, list[str]] = {}
    for name in sorted(help_texts):
        raw = re.split(r"\n\s*\n", help_texts[name])
        cleaned = dict.fromkeys(clean(each) for each in raw if is_prose(each))
        found[name] = [each for each in cleaned if each not in seen and is_worded(each)]
        seen.update(found[name])
    return found


def is_prose(paragraph: str) -> bool:
    """Whether no line of it is of grammar, a session, a table or a heading."""
    lines = paragraph.strip("\n").splitlines()
    return bool(lines) and not any(sign in line.strip() for line in lines for sign in NO_PROSE)


def is_worded(paragraph: str) -> bool:
    """Whether it is long enough, ends as a sentence does and is of letters for the most part."""
    letters = sum(each.isalpha() or each in " ,.'" for each in paragraph)
    is_long = len(paragraph.split()) >= 6
    return is_long and paragraph[-1] in ".:;?!)" and letters >= 0.88 * len(paragraph)


def clean(paragraph: str) -> str:
    """On one line, without marks of emphasis, of code, of lists and of footnotes."""
    text = re.sub(r"-\n\s*", "-", paragraph.strip())
    text = re.sub(r"^(?:[*\-•]|\d+\.|\[\d+\])\s+", "", text)
    text = re.sub(r"\s*\[\d+\]|[*\"`“”|]|\\", "", text)
    text = text.replace("’", "'").replace("‘", "'").replace("—", ", ").replace("–", "-")
    return " ".join(text.split())
