"""The HTTP interface of OSRM, spoken by our roads: an existing client changes its base URL only."""
