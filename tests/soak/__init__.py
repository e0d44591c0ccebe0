"""The real process killed at any instant, and started again on the same database, between loopback servers.

`victim` is the process, `steps` names the instants, `arena` holds servers and process, `crowd` are the people who
ask, `checks` looks at what they see afterwards. `make soak` runs `python -m tests.soak`; the tests run a few of each.
"""
