"""Polars with delta-rs."""
