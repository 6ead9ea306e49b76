"""The lake itself: tables, contracts, versions, releases. Knows no model, no web, no scheduler, no database server."""
