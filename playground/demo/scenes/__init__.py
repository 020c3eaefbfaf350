"""The scripts that the demo model plays, one file each."""
