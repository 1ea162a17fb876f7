"""Training sets of face clips from raw videos: tracked, cropped, filtered, split, in tar shards."""
