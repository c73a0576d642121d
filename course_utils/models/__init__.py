"""Networks, one architecture a file, each read from top to bottom."""
