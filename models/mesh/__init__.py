"""What a service mesh and the daemons of nodes add and take: the delay of a call, CPU, and room on the nodes.

The real thing: Istio, with a sidecar (Envoy) in every pod, or ambient with a ztunnel on every node and, if wanted, a
waypoint (Envoy) in between; Falco, which watches system calls, and a log agent, on every node. Here are pure functions
of figures that `models.catalogues.mesh` sources. They have no state and no handler, as a mesh is a property of hops and
of nodes; so they stand below the scenario, whose packing they serve.

What is not modelled: sidecars take none of the cores that the pod's service has, as their limits are their own, and no
queue forms at a proxy; calls of the backend's services to each other; what a refusal by a web ACL, which is in front,
is spared of the delay. A p50 is not published: it follows from p90 and p99 if delays are lognormal. A log agent sends
a line for every request.
"""
