"""What other systems use: events sent to them, and files of cases they bring."""
