"""``python -m asrcli`` is ``asr``."""

from asrcli.cli.main import main

main()
