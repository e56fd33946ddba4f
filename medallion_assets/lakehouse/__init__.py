"""The engine: Spark and Delta, and nothing of Dagster."""
