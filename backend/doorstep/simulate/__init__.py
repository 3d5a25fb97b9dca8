"""The apps, played by us: real HTTP and real WebSockets, nothing of the rooms."""
