"""The commands of the command line, a module a group. Heavy imports happen inside functions."""
