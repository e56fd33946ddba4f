"""Changes of rows: a change feed's events, and the tables they make (SCD type 1 and 2)."""
