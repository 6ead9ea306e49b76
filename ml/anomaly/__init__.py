"""What is not as expected: volume, new issue types, mood, unanswered questions, classification, drift; incidents."""
