"""What runs the gateway's pods, as SimPy processes over the data plane: kubelet, deployment, autoscaler, nodes.

`Cluster` puts the parts together. They decide by the pure functions of `models.hpa`, `models.karpenter` and
`models.go_heap`, know the data plane only as a `plane.Plane`, and so run unchanged on either engine.
"""

from models.cluster.cluster import Cluster

__all__ = ["Cluster"]
