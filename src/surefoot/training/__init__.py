"""A task, the loop that trains it, and what comes of it; every part can be used in a loop of one's own."""
