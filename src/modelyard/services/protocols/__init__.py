"""How a service host speaks: HTTP, and the forms in which rows travel."""
