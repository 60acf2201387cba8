"""Recordings and results elsewhere: ``https://``, and objects of ``s3://``, ``gs://`` and ``az://``."""
