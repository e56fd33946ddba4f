"""The chain from three sources to gold: a database's changes, events of a topic, files."""
