"""Measures of translated speech: mel-cepstral distortion, log-F0, global variance, and whose voice it is."""
