"""`make bench`: everything that is measured, as one report, as JSON, and as a plot in build/bench/.

    python -m tests.bench              # all of it
    python -m tests.bench timeline     # each call of a few answers through the whole house
    python -m tests.bench fairness     # one part: reading, costs, rendering, living, fairness, freshness

Each part names what it compares with, and measures both in the same run.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from statistics import mean
from typing import Any

import structlog

from tests.bench import costs, fairness, freshness, living, plot, reading, rendering, timeline
from tests.bench.report import TARGET, Promise, Row, aligned, table, verdict

RATIO, BURST = 1.5, 10.0  # targets: times the CPU of the bytes alone, paced; microseconds a token in bursts
SLOWEST = 5  # of the long texts, that are shown
STEP = 0.02  # seconds: what a virtual clock's tail may be longer than its round trip, by the last token's own moment


def main() -> None:
    began = time.monotonic()
    everything: dict[str, Any] = {}
    for part in PARTS:
        everything |= part()
    _say("Targets", "\n".join(judged(everything)))
    freshness.BUILD.mkdir(parents=True, exist_ok=True)
    path = freshness.BUILD / "figures.json"
    path.write_text(json.dumps(everything, indent=1, default=asdict), "utf-8")
    print(f"\nThe same as JSON: {path}. One answer over time: {plot.draw()}. {time.monotonic() - began:.0f} s.")


def _say(title: str, body: str) -> None:
    print(f"\n{title}\n\n{body}", flush=True)


def _reading() -> dict[str, Any]:
    rows = asyncio.run(reading.figures())
    _say(f"What a streamed token costs: medians of {reading.ROUNDS} rounds, ratios within each", reading.table(rows))
    return {"reading": rows}


def _costs() -> dict[str, Any]:
    found = asyncio.run(costs.figures())
    rows = [[f.what, f"{f.chinwag:,.1f}", f"{f.other:,.1f}", f"{f.ratio:.2f}", f.against] for f in found]
    head = ("CPU, microseconds", "Chinwag", "other", "ratio", "against")
    _say(f"Edits and writes: medians of {costs.ROUNDS} rounds", aligned(head, rows))
    return {"costs": found}


def _rendering() -> dict[str, Any]:
    rows = rendering.rows()
    edits = [row for row in rows if "growth" not in row]
    wholes = sorted((row for row in rows if "growth" in row), key=lambda row: -float(row["milliseconds"]))
    shown = [*edits, *(row for row in wholes if str(row["name"]).endswith("ordinary")), *wholes[:SLOWEST]]
    cells = [[row["name"], f"{row['milliseconds']:.2f}", _power(row)] for row in shown]
    title = f"Rendering: edits of a growing answer, and of {len(wholes)} long texts the ordinary and the slowest"
    _say(title, aligned(("CPU", "ms", "grows as length^"), cells))
    return {"rendering": rows}


def _power(row: Mapping[str, object]) -> str:
    return f"{row['growth']:.2f}" if "growth" in row else ""


def _fairness() -> dict[str, Any]:
    _say("Fair between users", fairness.report())
    return {}


def _living() -> dict[str, Any]:
    rows = asyncio.run(living.figures())
    _say("Starting and living", aligned(living.HEAD, [[row.get(name, "") for name in living.HEAD] for row in rows]))
    return {"living": rows}


def _freshness() -> dict[str, Any]:
    shown, faults, known = freshness.rows(), freshness.refusals(), freshness.promises()
    _say(
        "Freshness: answers of 2 to 90 s, round trips of 80 and 300 ms, every limit enforced; seconds, means of all "
        "but worst and oldest",
        table(shown),
    )
    _say("When the platform says 429 all the same: 20 s, 80 ms; the wait it names, and when", table(faults))
    _say("The clairvoyant's target", verdict(shown, known))
    return {"freshness": shown, "refusals": faults, "promises": known}


def judged(everything: dict[str, Any]) -> Iterator[str]:
    """Each target of the project with the figure that meets or misses it."""
    yield from _cheap(everything["reading"])
    yield from _fresh([row for row in everything["freshness"] if row.schedule == "Chinwag"])
    yield _within(everything["promises"])


def _cheap(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    for row in rows:
        if row["what"].startswith("Chinwag") and row["mode"] == "paced":
            yield _target(f"{row['what']}, paced: {row['ratio']:.2f} x raw", f"{RATIO:g} x", row["ratio"] <= RATIO)
        elif row["what"].startswith("Chinwag") and row["mode"] == "burst":
            cost = row["us_per_token"]
            yield _target(f"{row['what']}, bursts: {cost:.1f} us a token", f"{BURST:g} us", cost <= BURST)


def _fresh(rows: Sequence[Row]) -> Iterator[str]:
    refused = sum(row.refused for row in rows)
    yield _target(f"429s in {len(rows)} runs: {refused}", "none", refused == 0)
    late = [row for row in rows if row.tail is None or row.tail > row.round_trip + STEP]
    yield _target(f"runs complete later than one round trip after the last token: {len(late)}", "none", not late)
    ages: dict[tuple[str, int, float], list[float]] = {}
    for row in rows:
        ages.setdefault((row.place, row.answers, row.length), []).append(row.ratio)
    over = sum(mean(ratios) > TARGET for ratios in ages.values())
    yield _target(f"mean ages above {TARGET:g} x the clairvoyant's: {over} of {len(ages)}", "none", not over)


def _within(known: Sequence[Promise]) -> str:
    worst = max(one.worst / one.least for one in known)
    return f"mean age, at any length, at most {worst:.2f} times what any schedule can promise that does not know it"


def _target(found: str, most: str, met: bool) -> str:
    return f"{'met   ' if met else 'MISSED'}  {found} (target: {most})"


PARTS = (_reading, _costs, _rendering, _living, _fairness, _freshness)

if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    if sys.argv[1:] == ["timeline"]:
        timeline.main()
    elif chosen := [part for part in PARTS if [part.__name__.strip("_")] == sys.argv[1:]]:
        chosen[0]()
    elif sys.argv[1:]:
        names = ", ".join(each.__name__.strip("_") for each in PARTS)
        sys.exit(f"python -m tests.bench {' '.join(sys.argv[1:])}: not known; timeline, {names} are")
    else:
        main()
