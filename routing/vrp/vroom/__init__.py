"""VROOM's dialect: its JSON read, posed as a problem, solved, and answered in its shape. Knows no roads."""
