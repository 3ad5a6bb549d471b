"""Complaints about a lot, a bid or an act: filed, taken up, decided, and read again."""
