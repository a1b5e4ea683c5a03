"""The Python SDK, a door: names follow snowflake-ml-python."""
