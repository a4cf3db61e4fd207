"""Claim: the per-weight perturbation gradient against other ways to compute the same numbers."""
