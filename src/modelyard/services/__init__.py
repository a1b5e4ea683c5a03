"""Services: deployed versions with their own URL."""
