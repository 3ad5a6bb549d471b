"""What the public searches: lots in words, their notices, results, and searches kept."""
