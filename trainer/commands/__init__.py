"""Commands of the trainer on the command line, one file each."""
