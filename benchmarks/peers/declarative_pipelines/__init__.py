"""Spark Declarative Pipelines."""
