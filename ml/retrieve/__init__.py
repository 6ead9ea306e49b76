"""Finding what was solved before: one stage a file, each a measure of how well every document fits a query."""
