"""What people and bots can do to the world. Each action checks first, then changes, then tells."""
