"""DuckDB with its own file format."""
