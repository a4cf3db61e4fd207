"""What lwnn claims, checked and timed; see README.md beside this file."""
