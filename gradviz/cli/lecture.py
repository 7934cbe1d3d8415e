"""`python -m gradviz lecture`."""

from __future__ import annotations

import sys

import click


@click.group()
def lecture() -> None:
    """Check a lecture's file, or list the lectures there are.

    docs/lectures.md says how to write one.
    """


@lecture.command("check")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path())
def check_lecture(files: tuple[str, ...]) -> None:
    """Say what is wrong in a lecture's file, with line and field.

    Exit status: 0 when all files are lectures, 1 when one is not.
    """
    from gradviz.lectures import LectureError, load

    wrong = False
    for file in files:
        try:
            slides = load(file).slides
        except LectureError as error:
            wrong = True
            for problem in error.problems:
                click.echo(problem, err=True)
        else:
            quizzes = sum(slide.quiz is not None for slide in slides)
            click.echo(f"{file}: {count(len(slides), 'slide')}, {count(quizzes, 'quiz')}")
    sys.exit(wrong)


@lecture.command("list")
def list_lectures() -> None:
    """List the lectures by the name that ?lecture= takes.

    Looks into $GRADVIZ_LECTURES, ./lectures, and those that come with gradviz.
    """
    from gradviz.lectures import LectureError, find, load, names

    for name in names():
        try:
            told = load(find(name))
            click.echo(f"{name}: {told.title} ({count(len(told.slides), 'slide')})")
        except LectureError as error:
            click.echo(f"{name}: {count(len(error.problems), 'problem')}; see lecture check")


def count(number: int, what: str) -> str:
    plural = {"quiz": "quizzes"}.get(what, f"{what}s")
    return f"{number} {what if number == 1 else plural}"
