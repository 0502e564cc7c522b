"""Several processes that train one model: whether they are the same, whether they live, and which of them failed first."""
