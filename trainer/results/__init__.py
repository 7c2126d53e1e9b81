"""What the ratings of a campaign say: numbers, plots, examples, and files for a paper."""
