"""The compiled engine, loaded by being imported: by the process that workers are forked from, so that all share it."""

import gc
import traceback

from models.experiments.warm_up import prepare

try:
    prepare("kernel")
except Exception:  # what is the matter the first replication will say; this process must live to fork it
    traceback.print_exc()
gc.collect()
gc.freeze()  # a worker that looks for garbage would else write to, and so copy, all that is shared
