"""The long look at learning: cross-validation, tuning, ablations, treatments and how much more tickets would help."""
