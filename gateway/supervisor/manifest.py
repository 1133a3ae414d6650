"""``manifest.json``: what runs in a run directory. Readers start with it, and only with it.

Replaced atomically, so a reader sees a whole one. Written once every shard is ready, and again
whenever a shard was restarted or a subscription changed; removed before the shards are stopped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.errors import RunDirError
from gateway.markets import FACTS
from gateway.plan import Ready, ShardPlan
from gateway.rundir import CONTROL_NAME, MANIFEST_NAME

VERSION = 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """What stays the same while a gateway runs."""

    run_dir: Path
    instance_id: int
    started_ns: int
    upstream: str
    on_demand: bool = False  # a topic that is not carried is subscribed when it is asked for

    def content(self, plans: Sequence[ShardPlan], ready: Mapping[int, Ready]) -> dict[str, Any]:
        """Return the manifest with what shards carry now and the processes that are ``ready``."""
        return {
            "version": VERSION,
            "instance": f"{self.instance_id:016x}",
            "pid": os.getpid(),
            "started_ns": self.started_ns,
            "upstream": self.upstream,
            "on_demand": self.on_demand,
            "control": f"ipc://{self.run_dir}/{CONTROL_NAME}",
            "shards": [
                self._shard(plan, ready[plan.shard_id]) for plan in plans if plan.shard_id in ready
            ],
        }

    def write(self, plans: Sequence[ShardPlan], ready: Mapping[int, Ready]) -> None:
        """Put the manifest in place, mode 0640; raises RunDirError."""
        text = json.dumps(self.content(plans, ready), ensure_ascii=False, indent=1)
        temporary = self.run_dir / f"{MANIFEST_NAME}.{os.getpid()}.tmp"
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            with open(os.open(temporary, flags, 0o640), "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(temporary, self.run_dir / MANIFEST_NAME)
        except OSError as exc:
            raise RunDirError(
                self.run_dir, f"the manifest cannot be written ({exc.strerror})", "make room there"
            ) from exc

    def remove(self) -> None:
        """Take the manifest away: no new reader comes."""
        (self.run_dir / MANIFEST_NAME).unlink(missing_ok=True)

    def _shard(self, plan: ShardPlan, ready: Ready) -> dict[str, Any]:
        return {
            "id": plan.shard_id,
            "pid": ready.pid,
            "generation": ready.generation,
            "segment": f"shard-{plan.shard_id}.seg",
            "publisher": f"ipc://{self.run_dir}/shard-{plan.shard_id}.pub",
            "arrays": f"ipc://{self.run_dir}/shard-{plan.shard_id}.arrays.pub",
            "symbols": [f"{FACTS[s.market].name}:{s.row_name}" for s in plan.symbols],
            "streams": [s.name for s in plan.streams],
        }
