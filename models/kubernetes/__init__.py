"""Kubernetes and Karpenter, as processes of control.

Deployment, autoscaler, kubelet and its probes, provisioning, disruption and spot interruptions are modelled; they
decide by the pure functions of `models.kubernetes.hpa`, `models.kubernetes.karpenter` and `models.kubernetes.go_heap`,
and run unchanged on either engine. The scheduler's scoring and the network of pods are not modelled.
"""
