"""Judgments and enforcement requests that come in, signed, from courts and portals.

Received once and for good with a number and a time, answered within the days the law gives, and
made into a case. Everything here works over an asyncpg connection.
"""
