"""The agent: sessions, the loop, tools and storage. Knows nothing of Discord."""
