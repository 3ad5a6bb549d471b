"""What the console does beyond the acts of a lot: announcements, hand-over, minutes."""
