"""Mail: one seam for everything that is sent to people."""
