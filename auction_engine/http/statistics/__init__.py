"""Statistics: for everybody, and for each desk of its own house."""
