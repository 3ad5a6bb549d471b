"""Pages of a house and its people: duties, invitations, cards, relations, the sealed list of a
lot's registrants, and questions about a lot."""
