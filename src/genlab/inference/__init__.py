"""A trained model over a set of images: their codes, importance weights and outlier scores."""
