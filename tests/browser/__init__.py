"""The pages in a real Chromium, against a whole running program.

One `auction-engine serve` and one browser serve the whole directory (`conftest`); each test makes
lots and people of its own (`instance`), so that none waits for or disturbs another. `page_parts`
knows where things stand on the pages, `wire` is a network that can be cut.
"""
