"""People in browser tabs, and generators of load.

Tabs join, poll, give up, come back, enter, leave and buy, and every tab has a timeout of its own. Bandwidth, devices
and what the page itself loads are not modelled.
"""
