"""The pages at `/console`: rendered here, working without JavaScript, asking nothing of any other host."""
