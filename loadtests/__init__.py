"""Benchmarks of the whole program: `python -m loadtests` (see README.md).

instance   the program under test: private servers, recorder and gateway as real processes
bids       durable bids on one hot lot: `paths` sends them, `storm` keeps time, `rowlock` rivals
fanout     one lot to thousands of `viewers`, from the `targets`: ours, `raw_fanout`, `nchan`
growth     the cost of a bid on a lot with a `history`, and `starting` beside one
wsclient   a WebSocket client that costs next to nothing
worker     processes beside us; procs: what processes cost; table: what is shown and kept
"""
