"""Five seeds of `surefoot fit digits`, each a process of its own: `python benchmarks/digits.py`."""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    results = []
    with tempfile.TemporaryDirectory() as runs:
        for seed in range(5):
            start = time.perf_counter()
            command = [
                sys.executable,
                "-m",
                "surefoot.cli",
                "fit",
                "digits",
                "--json",
                "--seed",
                str(seed),
                "--runs",
                runs,
            ]
            run = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            results.append({"seed": seed, "seconds": time.perf_counter() - start, "run": run})
            print(seed, f"{results[-1]['seconds']:.1f} s", run["reason"], run["best"], flush=True)
    accuracies = [result["run"]["best"]["accuracy"] for result in results]
    print(f"mean accuracy {statistics.mean(accuracies):.4f}, slowest {max(r['seconds'] for r in results):.1f} s")
    if options.json:
        options.json.write_text(json.dumps({"mean": statistics.mean(accuracies), "results": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
