"""Which device and precision to use, and the way down when it runs out of memory."""
