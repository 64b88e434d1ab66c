"""Colors of plots."""

BACKGROUND = (18, 21, 27)
GRID = (38, 43, 52)
REAL = (86, 180, 233)  # this and the next from Okabe and Ito's palette for color-blind readers
FAKE = (255, 159, 28)
OUTSIDE = (255, 92, 92)  # generated points outside the frame, drawn on its edge
