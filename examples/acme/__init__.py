"""An example of an extension of presale-bridge."""
