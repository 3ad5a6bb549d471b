"""The auctioneer's console: a session at a glance, what is done with it, minutes."""
