"""Wait or go: which of the requests at a depot leave with the next wave, by looking ahead over requests that may come."""
