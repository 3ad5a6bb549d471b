"""The enforcement agency's desk: cases, parties, seized assets, and their way into a session.

Everything here works over an asyncpg connection, inside the caller's transaction where not said
otherwise. Whoever calls has already checked that the case or asset is the caller's own agency's.
"""
