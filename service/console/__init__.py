"""What the pages of the console show, read from the lake, the operational store and the open release."""
