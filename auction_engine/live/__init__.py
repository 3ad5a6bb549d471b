"""The live room: WebSocket connections, what they are told and how fast.

views      each lot as the public and its bidders may see it, kept up from the log
messages   what a client may say, checked; what it is told, as bytes
connection one WebSocket: handshake, messages in, bounded writing out
rooms      who follows which lot, and joining changes into frames
gateway    the process that holds all this behind one port
"""
