"""Credentials that systemd hands over: whether others could read them."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path

from gateway.doctor.findings import Finding, bad, ok
from gateway.errors import ConfigError

NAME = "credentials"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def examine(environment: Mapping[str, str]) -> list[Finding]:
    """Look at $CREDENTIALS_DIRECTORY; nothing is said where there is none."""
    given = environment.get("CREDENTIALS_DIRECTORY", "")
    folder = Path(given)
    if not given or not folder.is_dir():
        return []
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file())
        open_ones = [path for path in files if path.stat().st_mode & _OTHERS]
    except OSError as exc:
        seen = f"{given}: {exc.strerror}"
        return [bad(NAME, seen, "LoadCredential= in the unit", ConfigError.exit_code)]
    if open_ones:
        names = ", ".join(
            f"{path} is {stat.S_IMODE(path.stat().st_mode):04o}" for path in open_ones
        )
        mend = f"chmod 0600 {' '.join(map(str, open_ones))}"
        return [bad(NAME, f"others may read: {names}", mend, ConfigError.exit_code)]
    return [ok(NAME, f"{len(files)} files, for their owner alone")]
