"""Start of the frozen program: the same as `python -m crmdesk`, and the start of its child processes."""

import multiprocessing
import sys

if __name__ == "__main__":
    # A child process of the frozen program runs this file again and never returns from here.
    multiprocessing.freeze_support()

    from crmdesk.__main__ import main

    sys.exit(main())
