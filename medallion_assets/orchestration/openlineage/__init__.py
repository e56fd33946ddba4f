"""OpenLineage events (openlineage.io): off until the client's own variables are set.

An event is made of declarations and counts by functions that send nothing; sending is apart, and
never fails a run.
"""
