"""Voices through an image model: sound to spectrogram, model, and back to sound. Models know nothing of it."""
