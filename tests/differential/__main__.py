"""Compare Java and the reference on random cases: ``python tests/differential [--cases N] [--seed S]``."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # importlib mode has no packages
sys.path.insert(0, str(Path(__file__).parents[1] / "conformance"))

from campaign import run


def main() -> int:
    """Exit code 1 where anything differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=0, help="of the first pair of schemas")
    options = parser.parse_args()
    begin = time.monotonic()
    found, counts = run(options.cases, options.seed)
    sys.stdout.writelines(f"{one}\n\n" for one in found)
    seconds = time.monotonic() - begin
    kinds = ", ".join(f"{count} {kind}" for kind, count in counts.most_common())
    sys.stdout.write(f"{counts.total()} cases in {seconds:.0f} s: {kinds}\n{len(found)} differ\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
