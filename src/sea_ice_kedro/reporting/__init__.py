"""Figures and quicklooks: data in, picture out."""
