"""Judgments and requests that come in: the door for senders, and the agency's register."""
