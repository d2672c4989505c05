"""The floors: hand-written processes that read the same environment as the services.

They live for some seconds, so they do without the garbage collector.
"""
