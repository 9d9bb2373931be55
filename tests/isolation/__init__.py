"""No account sees another's events or resources, tried with every operation of the service models."""
