"""What `spooled work` does: takes jobs, and runs a program for each under a lease that it keeps."""
