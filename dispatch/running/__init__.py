"""The running day: what is done or locked stays, what was promised is kept, and the rest is planned anew."""
