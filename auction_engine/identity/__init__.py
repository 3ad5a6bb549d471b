"""Who is who: accounts, passwords, signed-in browsers, tickets for the live room."""
