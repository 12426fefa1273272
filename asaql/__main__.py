"""`python -m asaql`: the same as the command `asaql`."""

import sys

from asaql.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
