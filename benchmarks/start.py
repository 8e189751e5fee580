"""How soon the command answers: `python benchmarks/start.py` (asked: `--help` under 0.3 s)."""

import statistics
import subprocess
import sys
import time


def seconds(*arguments: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    for arguments in (["-c", "pass"], ["-m", "surefoot.cli", "--help"], ["-m", "surefoot.cli", "fit", "--help"]):
        times = [seconds(*arguments) for _ in range(15)]
        print(f"{' '.join(arguments):28s} median {statistics.median(times):.3f} s", flush=True)


if __name__ == "__main__":
    main()
