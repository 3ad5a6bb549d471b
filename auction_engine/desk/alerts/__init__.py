"""Telling browsers that somebody was outbid, while no page is open (Web Push, RFC 8030)."""
