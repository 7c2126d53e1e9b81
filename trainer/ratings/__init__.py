"""What reviewers say: an append-only log, its reading, and files of ratings made elsewhere."""
