"""Texts as tokens, whole numbers that each stand for a word or a character."""
