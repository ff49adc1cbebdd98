"""Pure algorithms: arrays in, new arrays out. No Kedro, no files, no logging."""
