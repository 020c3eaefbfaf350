"""The gateway under /gateway: sessions that outlive their sockets, filtered by intents and permissions."""
