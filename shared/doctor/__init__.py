"""The doctor: looks at a whole installation and says what is wrong with it and how to mend that."""
