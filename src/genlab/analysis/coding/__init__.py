"""Images as bits: a coder, a code of quantised latents, bits back, and the formats that they are held against."""
