"""The procurator's pages, and where organisations and agencies answer findings."""
