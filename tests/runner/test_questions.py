"""Questions that a worker answers for a server without torch."""

from __future__ import annotations

import os
import pickle
import signal
from concurrent.futures import wait

import pytest

from gradviz.remedies import clip_traps
from gradviz.runner import QuestionError, Runner
from gradviz.runner.questions import QUESTIONS, answer


def test_a_worker_answers(runner: Runner) -> None:
    rows = runner.ask("clip_traps").result(30)
    traps = clip_traps()
    assert [row["outcome"] for row in rows] == [trap.outcome for trap in traps]
    assert rows[0]["after"][0] == traps[0].after[0] == 0.0


def test_several_at_once_each_get_their_own(runner: Runner) -> None:
    good, bad = runner.ask("clip_traps"), runner.ask("what is love")
    assert len(good.result(30)) == 9
    with pytest.raises(
        QuestionError, match=r"question must be one of clip_traps.*got “what is love”"
    ):
        bad.result(30)
    assert not runner._questions


def test_who_gives_up_is_not_told(runner: Runner) -> None:
    given_up, next_one = runner.ask("clip_traps"), runner.ask("clip_traps")
    given_up.cancel()
    assert len(next_one.result(30)) == 9


def test_a_worker_that_dies_leaves_no_question_open(runner: Runner) -> None:
    assert runner.ask("clip_traps").result(30)
    worker = runner._workers[0]
    os.kill(worker.process.pid, signal.SIGSTOP)
    asked = runner.ask("clip_traps")
    os.kill(worker.process.pid, signal.SIGKILL)
    assert wait([asked], 30).done
    with pytest.raises(QuestionError, match=r"ended before it answered; ask again"):
        asked.result()
    assert len(runner.ask("clip_traps").result(30)) == 9


@pytest.mark.parametrize("question", QUESTIONS)
def test_answers_are_plain_values(question: str) -> None:
    """A class of ours would import its room, and with it torch, where it is unpickled."""
    assert b"gradviz" not in pickle.dumps(answer(question))
