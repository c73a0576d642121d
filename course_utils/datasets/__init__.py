"""Where pictures and their label maps come from, one source a file."""
