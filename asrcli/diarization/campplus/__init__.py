"""A diarizer of two small networks: segmentation-3.0 hears who speaks within ten seconds, CAM++ tells voices apart."""
