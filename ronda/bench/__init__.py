"""Ronda's services beside the least that could do their work, measured in alternating pairs.

A floor keeps the promise of its path (acknowledged by Kafka, committed by PostgreSQL) and does
nothing else. What the service needs more than its floor is the price of everything else it does.
"""
