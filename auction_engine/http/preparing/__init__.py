"""The pages and the API on which an organisation prepares its sessions."""
