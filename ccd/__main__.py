"""`python -m ccd`, as the console script `ccd`."""

from ccd.cli.main import main

if __name__ == "__main__":
    main()
