"""What must hold of rows, and what happens to those for which it does not."""
