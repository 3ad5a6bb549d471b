"""Benchmarks of the whole program: `python -m loadtests` (see README.md).

instance     the program under test: private servers, recorder and gateway as real processes
storm        open-loop arrivals and what became of each bid
wsclient     a WebSocket client that costs next to nothing
bids         durable bids on one hot lot, against rowlock
fanout       one lot to thousands of viewers, against raw_fanout and nchan
growth       the cost of a bid on a lot with a long history
viewers, worker, procs, table    processes beside us, their cost, and what is shown
"""
