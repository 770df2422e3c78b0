"""The store: a server of the Redis protocol. Nothing outside this package knows a key of it."""

from dispatch.store.lane import NotOnReplicas
from dispatch.store.rows import (
    COLLECTED_RANK,
    CancelAnswer,
    JobRow,
    OrderRow,
    PublishAnswer,
    ReportAnswer,
    ReportEntry,
    RouteBodies,
)
from dispatch.store.scripts import ReplicasUnderCluster
from dispatch.store.store import Store
from dispatch.store.webhooks import WebhookRow

__all__ = [
    "COLLECTED_RANK",
    "CancelAnswer",
    "JobRow",
    "NotOnReplicas",
    "OrderRow",
    "PublishAnswer",
    "ReplicasUnderCluster",
    "ReportAnswer",
    "ReportEntry",
    "RouteBodies",
    "Store",
    "WebhookRow",
]
