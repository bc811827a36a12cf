"""Everything between the telephone system and a call on the screen; no Qt, no database.

Bytes become events (`ami`), events become calls (`call_session`), numbers become E.164 (`numbers`). Every
source of calls (`ami_gateway`, `hook_gateway`, `simulator`) speaks the language of `gateway`. `replay` runs
recorded streams through the same engine as the live connection.
"""
