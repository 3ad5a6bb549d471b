"""Names of a shard's keys in Valkey. The braces keep them in one slot of a cluster."""


def inbox(shard: int) -> str:
    """Stream of commands, written by gateways and clock, read by the recorder."""
    return f"{{s{shard}}}:inbox"


def events(shard: int) -> str:
    """Stream of recorded batches, written by the recorder, read by gateways."""
    return f"{{s{shard}}}:events"


def deadlines(shard: int) -> str:
    """Sorted set: lot id by the log time (UTC ms) at which something is due."""
    return f"{{s{shard}}}:deadlines"


def book(shard: int, lot: int) -> str:
    """Sorted set: `<n, ten digits>:<bidder>` by amount, the best bids of a lot."""
    return f"{{s{shard}}}:book:{lot}"


def marker(shard: int) -> str:
    """`<epoch> <number>` of the newest batch; an older one tells that Valkey lost some data."""
    return f"{{s{shard}}}:marker"


def shard_of(lot: int, shards: int) -> int:
    """The shard a new lot is placed in."""
    return lot % shards
