"""A courier company's day: orders in, plans out, and what happened on the road."""
