"""What ratings say and how sure that is: plain values in, plain values out, no files, no models."""
