"""The colors of what is drawn rather than generated."""

PAPER = (18, 21, 27)
RULE = (38, 43, 52)
REAL = (86, 180, 233)  # sky blue and orange of Okabe and Ito: apart for every kind of sight
FAKE = (255, 159, 28)
ASTRAY = (255, 92, 92)  # a generated point outside the frame, drawn on its edge
