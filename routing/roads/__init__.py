"""Road networks: from an OpenStreetMap extract to durations, distances and lines on a map."""
