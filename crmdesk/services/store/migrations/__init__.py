"""How the schema of a store came to be, step by step.

Each step is an Alembic script in ``versions/``; steps are numbered ``0001``, ``0002`` … and only go forward.
There is no ini file and no ``env.py``: :func:`crmdesk.services.store.migrations.run.upgrade` drives them.
``0001_initial.sql`` is written by ``python -m crmdesk.services.store.migrations.declared`` until the first
release, and never changes afterwards.
"""
