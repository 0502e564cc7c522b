"""Sound: files of any rate and depth in, log-mel spectrograms and back. Only ``griffin_lim`` needs torch."""
