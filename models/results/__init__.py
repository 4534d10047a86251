"""From what a run leaves behind to figures: KPIs, series, stages, facts, and what each of them rests on."""
