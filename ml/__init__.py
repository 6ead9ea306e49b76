"""Frames in; frames, or small objects with save and load, out."""
