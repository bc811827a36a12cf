"""How the schema of a store came to be, step by step.

Each step is an Alembic script in ``versions/``; steps are numbered ``0001``, ``0002`` … and only go forward.
There is no ini file and no ``env.py``: :func:`crmdesk.services.store.migrations.run.upgrade` drives them.
A step that only adds tables says so by ``adds_only``: a store of millions of rows is not copied for it.
"""
