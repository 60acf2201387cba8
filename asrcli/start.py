"""Where the program begins: the rest takes time to import, and an interrupt in it would leave a traceback."""

from __future__ import annotations


def main() -> None:
    """Run the program. An interrupt ends it at once until there is something to keep."""
    from asrcli.base.children import settle

    settle()  # before anything is imported that Python has not imported by itself
    import gc
    import signal

    signal.signal(signal.SIGINT, signal.SIG_DFL)
    gc.disable()  # modules stay: to look for garbage among them, here and at the end, is an eighth of `asr --help`
    from asrcli.cli.main import main as run

    gc.freeze()
    gc.enable()
    run()
