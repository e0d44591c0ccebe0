"""Numbers of a running Chinwag, in Prometheus' form: `/metrics` writes them out, each layer counts its own.

One registry per process, as Prometheus means it. Names follow its conventions: base units, `_total` for counters.
No label ever holds an id of a person or a chat: their number has no bound, and numbers are nobody's diary.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
REGISTRY = CollectorRegistry()
for collector in (ProcessCollector, PlatformCollector, GCCollector):
    collector(registry=REGISTRY)

FAST = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0)
LONG = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0)
ROUNDS = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500)
LIFE = (60.0, 600.0, 3600.0, 6 * 3600.0, 86400.0, 7 * 86400.0, 30 * 86400.0, 365 * 86400.0)


def _counter(name: str, what: str, *labels: str) -> Counter:
    return Counter(f"chinwag_{name}", what, labels, registry=REGISTRY)


def _gauge(name: str, what: str, *labels: str) -> Gauge:
    return Gauge(f"chinwag_{name}", what, labels, registry=REGISTRY)


def _histogram(name: str, what: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
    return Histogram(f"chinwag_{name}", what, labels, buckets=buckets, registry=REGISTRY)


# A turn, as its user meets it
FIRST_TOKEN = _histogram("first_token_seconds", "From asking the model to its first text.", FAST, "model")
ANSWER = _histogram("answer_seconds", "From taking a question up to the complete answer on screen.", LONG, "state")
WAITED = _histogram("wait_seconds", "From receiving a question to taking it up.", LONG)
SESSION_ROUNDS = _histogram("session_rounds", "Rounds that a session has, at each answer.", ROUNDS)
SESSION_AGE = _histogram("session_age_seconds", "Time since a session was begun, at each answer.", LIFE)
ERRORS = _counter("errors", "Answers that failed, by the kind of error.", "kind")

# The model
TOKENS = _counter(
    "tokens", "Tokens, as the endpoints counted them.", "model", "kind"
)  # kind: prompt, completion, cached
COST = _counter("cost_dollars", "What the tokens cost, by the price table.", "model")
RETRIES = _counter("retries", "Requests to a model that were tried again, by the kind of error.", "kind")
FALLBACKS = _counter("fallbacks", "Answers that another model than the first one gave.", "model")
QUEUED = _gauge("queued", "Questions that wait for a model.")
QUEUE_WAIT = _histogram("queue_wait_seconds", "Time that a question waited for a model.", LONG)
CACHE = _counter("cache_lookups", "Looks into the cache of answers.", "result")  # result: hit, miss

REFUSED = _counter(
    "refused", "Questions and answers that were refused here.", "why"
)  # why: too long, moderation, answer

# The platforms
LIVE = _gauge("live_answers", "Answers that are being shown right now.", "platform")
CALLS = _counter("platform_calls", "Calls that show something.", "platform", "call", "outcome")
SHOWN_AGE = _histogram(
    "shown_age_seconds", "How old the oldest text was that an edit brought on screen.", FAST, "platform"
)
ORPHANS = _counter("possible_orphans", "Posts that may have left a copy on screen which could not be found or deleted.")

# The store
INBOX = _gauge("inbox_waiting", "Messages that were received and are not answered yet.")


def answered(state: str, *, seconds: float, waited: float, rounds: int, age: float) -> None:
    """An answer is complete on screen. seconds: since its question was taken up; age: since its session was begun."""
    ANSWER.labels(state).observe(seconds)
    WAITED.observe(waited)
    SESSION_ROUNDS.observe(rounds)
    SESSION_AGE.observe(age)


def text() -> bytes:
    """All numbers, in the form that Prometheus reads (`CONTENT_TYPE`)."""
    return generate_latest(REGISTRY)
