"""`python -m doorstep.cli`, as the demo's supervisor calls it."""

from doorstep.cli.commands import main

main()
