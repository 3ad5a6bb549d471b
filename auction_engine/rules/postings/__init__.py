"""Double entry, pure: the chart of accounts and what each event of a sale posts."""
