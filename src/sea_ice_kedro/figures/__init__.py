"""Plotly's figures as files for a paper: SVG and PNG, without a browser."""
