"""The claims ledger: every figure the talk publishes, with a verdict, the twin's number and what it rests on.

Pure but for `evidence`, which runs simulations: claims are judged from evidence that is handed in.
"""
