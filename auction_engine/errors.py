"""The root of every expected failure.

    AuctionError            one sentence for a person; the command line prints it and nothing else
    ├── SettingsError       a setting cannot be used as given
    ├── DataDirectoryError  the data directory cannot be used (in use, another version, not ours)
    ├── ServerError         a server we started, or were pointed at, does not do its work
    └── PortInUseError      the listening address is taken

Each part of the program derives its own classes from AuctionError in its own module.
"""

from __future__ import annotations


class AuctionError(Exception):
    """An expected failure, told in one sentence that names the cure where there is one.

    `exit_status` is what a command ends with when the error reaches the command line.
    """

    exit_status = 1

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class SettingsError(AuctionError):
    """A setting cannot be used as given."""

    exit_status = 2


class DataDirectoryError(AuctionError):
    """The data directory is in use, was made by another version, or cannot be written."""


class ServerError(AuctionError):
    """PostgreSQL or Valkey could not be started, died, or does not answer."""


class PortInUseError(AuctionError):
    """Another program listens on the address asked for."""

    exit_status = 2
