"""Simulated days over HTTP: the service is driven as dispatchers and phones drive it, on a clock of its own."""
