"""Tools that do the same work, each with a program, a lock file and an environment of its own."""
