"""Every benchmark, or those named: ``python -m bench predict``; ``make bench`` runs them all."""

from __future__ import annotations

import sys

from bench import cold_start, from_r

IN_R = ("log_model", "predict", "transfer")


def main() -> None:
    """Run what was asked for."""
    names = sys.argv[1:] or ["cold_start", *IN_R]
    unknown = set(names) - {"cold_start", *IN_R}
    if unknown:
        sys.exit(f"There is no benchmark {', '.join(sorted(unknown))}.")
    if "cold_start" in names:
        cold_start.main()
    if wanted := [n for n in names if n in IN_R]:
        from_r.main(wanted)


main()
