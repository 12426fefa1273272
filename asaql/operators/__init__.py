"""Operators: one shard's share of a plan node each, from batches to batches."""
