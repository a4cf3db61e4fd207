"""Damaged data and model files by the thousand, and what lwnn makes of each.

Tables of the tests, images and model files are changed at random and read. A trial is good when it
ends with a result that is sound or with an error of lwnn's own, soon, and in little memory. Trials
run in a process of their own, so that a crash or a hang is a finding like any other.
"""
