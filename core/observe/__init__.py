"""What the person who runs Chinwag can see of it: logs."""
