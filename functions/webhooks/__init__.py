"""URLs of yours that are called when something happens: signed, tried again, with a log of each delivery."""
