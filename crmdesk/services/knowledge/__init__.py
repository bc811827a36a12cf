"""Answers for the person on the line: word analysis, index, ranking, suggestions and article rules. No Qt."""
