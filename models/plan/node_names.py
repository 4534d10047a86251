"""Names of the modelled engine threads."""

from models.plan.plan import Plan


def node_names(plan: Plan) -> list[str]:
    """Return a name for every modelled engine thread by number: shard_0, ..., then shard_0_replica_0, ..."""
    shards, replicas = plan.params.redis.shards, plan.params.redis.replicas
    names = [f"shard_{shard}" for shard in range(shards)]
    return names + [f"shard_{shard}_replica_{replica}" for shard in range(shards) for replica in range(replicas)]
