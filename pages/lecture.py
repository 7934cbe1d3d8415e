"""Lecture: a script of slides, each with the pictures of its lesson, by buttons and keys."""

from gradviz.ui import layout, lecture, slide

talk = lecture.page()
if talk.lecture is None:
    lecture.shelf(talk)
else:
    lecture.bar(talk)
    lecture.problems(talk)
    slide.words(talk)
    slide.notes(talk)
    slide.pictures(talk)
    lecture.foot(talk)
layout.write_query(talk.to_query())
