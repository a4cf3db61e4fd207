"""Claims about speed: lwnn against what a user would pick instead, in the same run.

    python -m benchmarks.speed

Every case first checks that both sides compute the same thing, then times them in turn.
`cases` is the contents page; `problem` holds nets and rows, the `…_sides` modules one library
each, `worker` and `commands` the processes they run in, `measure` the rounds, `report` the table.
"""
