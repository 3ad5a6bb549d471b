"""Who is who: accounts, passwords, signed-in browsers, tickets for the live room.

accounts   people and robots, each with one role
access     the one table of who may do what
passwords  hashed and checked off the event loop
sessions   signed-in browsers
throttle   failed sign-ins, counted
devices    which browsers an account is signed in with, and was seen with
factors    what an account signs in with besides its password:
           totp, passkeys, recovery_codes; identities at an OpenID provider (oidc, oidc_fetch)
one_use    what waits in Valkey for one answer: half sessions, challenges, visits to a provider
tickets    one-use tickets for the live room
"""
