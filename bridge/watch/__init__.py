"""What is known of the service while it runs: figures, health, and what it was told to look at. Nobody's request costs Redmine anything."""
