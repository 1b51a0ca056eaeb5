"""What the service answers over HTTP: webhooks in, health and figures out. Everything is answered from memory, at once."""
