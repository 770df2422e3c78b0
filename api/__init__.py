"""The doors of cunlu: HTTP, the command line and the pages."""
