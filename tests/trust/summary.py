"""What many seeds came to, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.trust.run import Report


@dataclass
class Summary:
    """Sums over seeds."""

    reports: list[Report] = field(default_factory=list)

    def add(self, report: Report) -> None:
        self.reports.append(report)

    @property
    def bad(self) -> list[Report]:
        return [report for report in self.reports if not report.is_good]

    def _sum(self, name: str) -> int:
        return sum(getattr(report, name) for report in self.reports)

    def table(self) -> str:
        """One line a number."""
        recoveries = [second for report in self.reports for second in report.recoveries_s]
        rows = (
            ("seeds", f"{len(self.reports):,}, bad: {[r.seed for r in self.bad] or 'none'}"),
            ("frames delivered", f"{self._sum('frames'):,}"),
            ("frames hit, episodes", f"{self._sum('faults'):,}"),
            ("reads", f"{self._sum('reads'):,}, LIVE {self._sum('live'):,}"),
            ("wrong", f"{self._sum('mistake_count'):,}"),
            ("breaks found = gaps counted", f"{self._sum('breaks'):,} = {self._sum('gaps'):,}"),
            ("seen again = duplicates", f"{self._sum('agains'):,} = {self._sum('duplicates'):,}"),
            ("trades back-filled", f"{self._sum('backfilled'):,}, lost {self._sum('lost'):,}"),
            ("audits and deepenings", f"{self._sum('audits'):,}"),
            ("books known to a price", f"{self._sum('bounded'):,} judged"),
            ("quotes made from books", f"{self._sum('from_books'):,} LIVE"),
            ("tickers, candles and others", f"{self._sum('values'):,} LIVE"),
            ("latest values fetched", f"{self._sum('fetched'):,} judged"),
            ("REST calls", f"{self._sum('rest_calls'):,}, 429 or 418 {self._sum('holds'):,}"),
            ("heaviest minute", f"{max(r.weight_share for r in self.reports):.0%} of the line"),
            ("GAPPED to LIVE, simulated", percentiles(recoveries)),
        )
        return "\n".join(f"{name:<28} {value}" for name, value in rows)


def percentiles(seconds: Sequence[float]) -> str:
    """p50, p99 and the longest."""
    if not seconds:
        return "none"
    rising = sorted(seconds)
    p50, p99 = (rising[min(len(rising) - 1, int(len(rising) * share))] for share in (0.5, 0.99))
    return f"{len(rising)}: p50 {p50:.3f} s, p99 {p99:.3f} s, longest {rising[-1]:.3f} s"
