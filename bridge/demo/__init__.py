"""A real Redmine on loopback, with people, projects and mail, for the demo, the tests and the soak runs."""
