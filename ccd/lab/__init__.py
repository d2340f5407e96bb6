"""A private PBX with phones and callers on loopback, for demo, tests and benchmarks.

`lab.Lab` puts together `asterisk.Asterisk`, `redis.Redis` and `phone.Phone`s; `packages.get` gets the programs.
Callers: `caller.Caller` (a softphone with a script), `sipp.Sipp` (SIPp), `sip_peer.SipPeer` (thousands, exact times).
`tones` proves who hears whom. Nothing here knows ccd's daemon, flows or tests.
"""
