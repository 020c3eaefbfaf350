"""The world's records as Discord's JSON objects. Pure: they read the world and change nothing."""
