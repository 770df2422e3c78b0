"""Numbers for Prometheus; nothing in them names a company or a person."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

REQUESTS: Final = Counter(
    "cunlu_http_requests_total", "Requests answered.", ["operation", "status"]
)
LATENCY_S: Final = Histogram(
    "cunlu_http_request_seconds",
    "Seconds from request to the answer's first byte.",
    ["operation"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
SUBSCRIBERS: Final = Gauge("cunlu_event_subscribers", "Readers of live streams.")
