"""The gate of continuous integration: KPIs as they were when somebody last accepted them, and as they are now."""
