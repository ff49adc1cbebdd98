"""GeoTIFF files through rasterio: whole or absent, with tags that say what they are."""
