"""From what happened in a session to what its thread shows: pure, no I/O, no clock."""
