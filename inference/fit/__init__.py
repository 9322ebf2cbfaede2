"""Training of the networks: data sets, augmentation, loops and evaluation. Never imported by an audit."""
