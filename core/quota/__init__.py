"""What people may use of the model: how fast they may ask, and what it may cost."""

from core.quota.quota import Ask, Quota, payer_of

__all__ = ["Ask", "Quota", "payer_of"]
