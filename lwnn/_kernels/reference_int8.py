"""The int8 kernels in plain NumPy."""
