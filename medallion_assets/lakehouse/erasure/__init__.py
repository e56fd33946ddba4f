"""Erasure: one person's rows out of every table, their old files and their logs."""
