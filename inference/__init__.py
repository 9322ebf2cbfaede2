"""Finding wrong labels on pictures of clothes: a PyTorch library that knows nothing of Django.

Importing the package costs nothing; the modules that need torch import it themselves.
"""
