"""``python -m asrcli`` is ``asr``."""

from asrcli.start import main

main()
