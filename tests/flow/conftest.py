"""Its place puts this folder's `unrolled` and `reference` within reach of the tests below it."""
