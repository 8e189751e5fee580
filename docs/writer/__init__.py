"""Writes the site's pages of rules, schedules and penalties from the catalogue, with their figures."""
