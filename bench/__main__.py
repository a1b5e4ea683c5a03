"""Every benchmark, or those named: ``python -m bench predict``; ``make bench`` runs them all."""

from __future__ import annotations

import sys

from bench import bridge, cold_start, from_r, sandbox, scan, serving

IN_PYTHON = {
    "bridge": bridge.main,
    "cold_start": cold_start.main,
    "sandbox": sandbox.main,
    "scan": scan.main,
    "serving": serving.main,
}
IN_R = ("log_model", "predict", "transfer")


def main() -> None:
    """Run what was asked for."""
    names = sys.argv[1:] or [n for n in (*IN_PYTHON, *IN_R) if n != "serving"]
    unknown = set(names) - {*IN_PYTHON, *IN_R}
    if unknown:
        sys.exit(f"There is no benchmark {', '.join(sorted(unknown))}.")
    for name, run in IN_PYTHON.items():
        if name in names:
            run()
    if wanted := [n for n in names if n in IN_R]:
        from_r.main(wanted)


main()
