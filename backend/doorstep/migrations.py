"""What has changed in the database since the first version, in order. See docs/adr/0008.

A step is only ever appended, and never edited once it has run anywhere.
"""

from typing import Final

from doorstep.kit.mongo.migrations import Step

STEPS: Final[tuple[Step, ...]] = ()
