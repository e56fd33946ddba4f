"""What the lakehouse takes in time, processor and memory, against stated goals.

Every measured process is new, has a scratch directory and an environment of its own, and is
measured from outside with everything it starts. See docs/benchmarks.md.
"""
