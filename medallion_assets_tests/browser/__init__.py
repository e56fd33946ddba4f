"""The Dagster UI as a person has it: a real server, a real daemon, a real Chromium."""

from __future__ import annotations
