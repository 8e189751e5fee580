"""Writes the pages of rules, schedules, penalties and checks from the catalogue, with figures and what programs say."""
