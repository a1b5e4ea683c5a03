"""The account's HTTP door."""
