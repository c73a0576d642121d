"""What the lessons of this course share: metrics, plotting, demos and checks."""
