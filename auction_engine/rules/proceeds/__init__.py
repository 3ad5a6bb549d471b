"""What becomes of the money of a sale, pure: who is paid in which order, fees, interest, days."""
