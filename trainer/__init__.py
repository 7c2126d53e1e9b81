"""Everything that turns texts and ratings into a better model."""
