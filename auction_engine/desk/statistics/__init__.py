"""Statistics: facts of each lot from its journal, and figures of these facts and the books."""
