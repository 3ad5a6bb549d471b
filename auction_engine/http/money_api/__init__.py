"""The money desk for other systems: the same acts as the pages', as JSON and as a bank's files."""
