"""REST calls to the venue, all of them through one budget."""
