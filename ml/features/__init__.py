"""What was known of a ticket when it was opened: one definition of each feature, for a batch and for one ticket."""

from ml.features.build import READ, model_table, opened_features, past_features, ticket_features
from ml.features.fence import FENCED, check_fence
from ml.features.history import CUSTOMERS, KEYS, NARROW, PRODUCTS, states
from warehouse.contracts.ticket_features import FEATURES

__all__ = [
    "CUSTOMERS",
    "FEATURES",
    "FENCED",
    "KEYS",
    "NARROW",
    "PRODUCTS",
    "READ",
    "check_fence",
    "model_table",
    "opened_features",
    "past_features",
    "states",
    "ticket_features",
]
