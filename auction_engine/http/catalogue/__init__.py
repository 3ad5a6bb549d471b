"""The public's pages: lists of lots, feeds, calendars, notices, results, kept searches."""
