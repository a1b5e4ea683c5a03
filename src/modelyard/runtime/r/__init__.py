"""R models: the only place that embeds R."""
