"""What a scenario, a profile and a seed come to: plain numbers, the same for either engine."""
