"""The pages and the API of the way into a room (see `desk.admission`)."""
