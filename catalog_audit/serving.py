"""Runs the processes of the Procfile until Ctrl-C: ``python -m catalog_audit.serving --port 8000``."""

from __future__ import annotations

import sys

import honcho.manager
from honcho import command

#: Seconds for every process to stop by itself. A Celery worker looks for messages for two seconds at a time, and once
#: more on its way out, which is longer than honcho's own patience of five seconds allows on a busy machine.
STOP_SECONDS = 20

_STOPPED_BY_CTRL_C = 130


def main() -> int:
    """Start all, wait, stop all; the arguments are those of ``honcho start``.

    Returns:
        0 after Ctrl-C, otherwise the status of the process that ended first.
    """
    honcho.manager.KILL_WAIT = STOP_SECONDS
    try:
        command.main(["start", *sys.argv[1:]])
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        return 0 if status == _STOPPED_BY_CTRL_C else status
    return 0


if __name__ == "__main__":
    sys.exit(main())
