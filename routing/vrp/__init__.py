"""Vehicle routing problems: their statement, their judge and the searches that solve them."""
