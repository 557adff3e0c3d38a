"""Config: what a federation's YAML file says, checked, with line and column of every mistake."""
