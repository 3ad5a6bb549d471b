"""Programs that bid: clients of the live protocol on this side of the wire.

live       one connection that keeps itself up and answers for every bid it was given
"""
