"""What others wrote and the program uses: which packages, why, under which licences, with which faults."""
