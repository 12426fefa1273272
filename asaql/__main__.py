"""`python -m asaql`: the same as the command `asaql`."""

import sys

from asaql.cli.start import program

if __name__ == "__main__":
    sys.exit(program())
