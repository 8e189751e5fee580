"""`python -m surefoot.cli`, and so `surefoot` where scripts are not on the path."""

import sys

from surefoot.cli import main

sys.exit(main())
