"""How far each latent of a code stands for one known factor of the images, and each factor for one latent.

All functions take arrays: codes [N, D], usually the means of q(z|x), and factors, int64 [N, K], the level of each. D latents,
K factors; the levels of a factor are 0, 1, 2 …, and it takes at least two of them.
"""
