"""Labels against known truth: methods x conditions, fixed seeds, tables and figures."""
