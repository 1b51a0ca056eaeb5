"""Reports for people and scripts: tests of rules, explanations, tables. Pure but for reading the files that they are given."""
