"""The gateway's pods and the service behind them.

Workers, backlog, CPU, pools of Redis connections, probes and the reservation backend as a station. Memory beyond the
heap of Go, and the services behind the reservation one by one, are not modelled.
"""
