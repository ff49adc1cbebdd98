"""Sentinel-2 scenes of polar seas in, georeferenced sea-ice class maps out."""

__version__ = "0.3.0"
