"""Types that get wider: which may, for which tables, and how a Delta table follows."""
