"""Places, roads, visits and vehicles: the mathematics of routes, which never heard of an order."""
