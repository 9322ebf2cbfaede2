"""One module per page: each view loads, calls one function, renders."""
