"""What can be told of a run before it begins: a task is looked at, and left as it was."""

from surefoot.training.examine.start.examination import Examination
from surefoot.training.examine.start.looking import examined

examine = examined
"""What `examined` is called at the top: `sf.examine(task)`."""

__all__ = ["Examination", "examine", "examined"]
