"""What follows a sale, for the people in it: own affairs, signing, complaints, the course again."""
