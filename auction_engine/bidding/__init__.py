"""The log: commands in, events out, one order, one clock.

inbox    gateways append commands; the stream id is place in line and legal time
deciding the rules over a batch of commands, in memory
recorder one transaction per batch, then the events stream
clock    deadlines become ticks in the inbox
client   what a process needs to send commands and follow events
"""
