"""Unusual volume: what was to be expected of a series of counts, and how strange what came is.

A panel of series is fitted in one pass (`baseline.fit`); what comes later is scored against that (`detect.score`).
"""
