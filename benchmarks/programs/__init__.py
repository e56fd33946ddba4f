"""The programs that are measured: each runs in a new process and reports its own parts."""
