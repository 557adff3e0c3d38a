"""``python -m federation``: the same as the ``federation`` command."""

from federation.cli.app import main

if __name__ == "__main__":
    main()
