"""The registry: log, resolve, aliases, metrics, tags, delete, export."""
