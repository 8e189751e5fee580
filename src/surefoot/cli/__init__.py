"""The command. It parses, calls and prints; what is heavy is imported by the command that needs it."""

from surefoot.cli import average as average  # registers itself
from surefoot.cli import catalogue as catalogue
from surefoot.cli import check as check
from surefoot.cli import compare as compare
from surefoot.cli import find as find
from surefoot.cli import fit as fit
from surefoot.cli import page as page
from surefoot.cli import runs as runs
from surefoot.cli import schedule as schedule
from surefoot.cli import study as study
from surefoot.cli import study_files as study_files
from surefoot.cli.app import FAILED as FAILED
from surefoot.cli.app import FINISHED as FINISHED
from surefoot.cli.app import INTERRUPTED as INTERRUPTED
from surefoot.cli.app import WRONG as WRONG
from surefoot.cli.app import main as main
