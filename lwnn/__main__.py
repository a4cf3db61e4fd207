"""``python -m lwnn``, where the command itself is not on the path."""

from lwnn.cli.app import main

if __name__ == "__main__":
    main()
