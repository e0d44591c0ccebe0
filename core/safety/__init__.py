"""What is kept from the model and from its readers: too long questions, and what the operator's moderation refuses."""

from core.safety.valves import Flagged, Valves

__all__ = ["Flagged", "Valves"]
