"""What happened, told to whom it concerns: wake-ups of waiting consumers and live events."""
