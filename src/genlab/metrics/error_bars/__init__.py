"""How far a number can be trusted: standard errors, and FID at infinitely many images."""
