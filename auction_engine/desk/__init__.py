"""What people do around a session: describing lots, putting them up, admitting bidders."""
