"""What the command `cunlu` does, one file for each group; `api/cli.py` imports a file when it is used."""
