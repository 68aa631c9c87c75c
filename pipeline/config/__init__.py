"""What the operator wants: options, checked."""
