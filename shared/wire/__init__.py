"""What goes over the wire: request and answer models, one module a slice. Aliases end here."""
