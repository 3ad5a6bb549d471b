"""What goes to a bank and what comes from it, as files. Pure: bytes in, values out, and back."""
