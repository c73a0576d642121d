"""From percent scripts to notebooks, in one direction."""
