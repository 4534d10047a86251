"""The same on-sale in plain SimPy, one process per client: the specification that the compiled engine must agree with.

It shares the draws and the cost functions with the compiled engine, and nothing of its event logic. Read `run`, then
follow a request through `clients`, `gateway`, `redis` and `backend`; `engine` shows the whole to the clock and to
control. Each file says what the file of the same name beside this package says in arrays; `gateway` also what `pods`
and `pools` say, and `redis` what `redis_node` and `failover` say.
"""

from models.reference.engine import Reference

__all__ = ["Reference"]
