"""The money around a session: what comes in, what it is for, what goes out and under whose eyes."""
