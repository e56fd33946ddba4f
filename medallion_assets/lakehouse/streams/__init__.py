"""Streaming queries: when they run, where they stand, how they end."""
