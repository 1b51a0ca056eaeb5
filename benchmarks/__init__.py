"""Speed, always as a ratio to a reference that is measured in the same run: a slow or busy machine changes both."""
