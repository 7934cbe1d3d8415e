"""The measured quantities, one file each."""
