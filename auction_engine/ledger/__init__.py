"""The ledger: PostgreSQL tables, the append-only journal of lot events and its verification."""
