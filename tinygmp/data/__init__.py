"""What training and checks are fed with: recordings, pictures, their caches, windows and splits."""
