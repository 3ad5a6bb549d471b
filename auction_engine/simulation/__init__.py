"""The simulator: the program's own recorder, clock, gateways and log client in virtual time.

loop, clocks   an event loop that never waits; machines' clocks that can be wrong
wire           requests to servers in memory, which take time, get lost, come late
log, ledger    Valkey's and PostgreSQL's part, in memory; they pass the same contract tests
gateway, recorders, bidders, staff   who works with them
faults         what breaks        plan    what a seed decides        course   one run of it
checks         what must hold     run     a seed and its verdict     many     seeds on all cores
command        `auction-engine simulate`
"""
