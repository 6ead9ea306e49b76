"""The `ticketlake` command: each verb is a few lines over the rooms below."""
