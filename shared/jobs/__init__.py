"""Jobs: their life from enqueue over claim and settle to the archive."""
