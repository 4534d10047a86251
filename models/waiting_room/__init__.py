"""The waiting room of an event, which runs as scripts in Redis.

Its rules as a specification, the same in arrays, the Lua text, and what every run costs. How Lua itself works is not
modelled; its cost was measured.
"""
