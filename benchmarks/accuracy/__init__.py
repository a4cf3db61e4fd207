"""How well each rule learns: recipes, runs, stored results, a table.

A row of the table is a `Row`: data, options, seeds. Settings are chosen on rows held out of the
training part (``--choose``); the test part is looked at once, after training on all of it.
"""
