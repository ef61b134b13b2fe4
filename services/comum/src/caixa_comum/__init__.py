"""What the services share: contracts, settings, edges to database, broker and tokens."""
