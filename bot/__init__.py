"""The Discord front end of Goalkeeper: the only package that imports discord or reads the environment."""
