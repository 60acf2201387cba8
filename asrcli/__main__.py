"""``python -m asrcli`` is ``asr``."""

from asrcli.main import main

main()
