"""Running the whole program on one machine: servers, recorders, gateways, in one command.

Modules: `supervisor` (start, watch, stop), `children` (one process of ours), `listening` (the
socket all gateways share), `tether` (children never outlive the supervisor), `probe` (are
PostgreSQL and Valkey there and fit?).
"""

from auction_engine.serving.supervisor import serve

__all__ = ["serve"]
