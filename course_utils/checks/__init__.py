"""What checks an exercise: the contract and one file a lesson."""
