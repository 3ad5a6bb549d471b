"""Letters to people: what is written, the outbox in the ledger, and its sender."""
