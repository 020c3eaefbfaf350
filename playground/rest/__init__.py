"""REST v10 under /api/v10: thin handlers over the actions, behind one pipeline."""
