"""Texts in both scripts set on paper: lines, pages, and the PDF made of them."""
