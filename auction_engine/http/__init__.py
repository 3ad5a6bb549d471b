"""Pages and JSON API: only translation between HTTP and the parts below."""
