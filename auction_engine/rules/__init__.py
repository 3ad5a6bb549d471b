"""The rules of the sale: pure functions from a lot's state and a command to events.

Nothing here reads a clock, draws a chance or does I/O. Time comes in as the log time of the
command (UTC milliseconds), so the same functions decide live, replay a journal and audit it.
"""
