"""The part that runs within the walls, before the stranger's code does. Imports nothing of the rest."""
