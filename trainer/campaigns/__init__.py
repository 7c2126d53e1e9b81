"""Blind campaigns: systems, documents and reviewers as a folder of files."""
