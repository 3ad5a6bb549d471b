"""A real-time online auction engine for property seized in civil judgment enforcement."""
