"""Chinwag's platform-free core: sessions, history, the model, and the streaming of one answer."""
