"""A demonstration: a small centre, five agents, eight callers, and the proof that each call went as it should.

`site` is the centre's configuration, `cast` who takes part, `session` runs it, `verdict` judges. Nothing here prints.
"""
