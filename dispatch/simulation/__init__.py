"""A simulated day: a world that happens, apart from what a dispatcher is told of it, and its judge."""
