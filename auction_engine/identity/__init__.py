"""Who is who: accounts, passwords, signed-in browsers, tickets for the live room.

accounts   people and robots, each with one role
access     the one table of who may do what
passwords  hashed and checked off the event loop
sessions   signed-in browsers
throttle   failed sign-ins, counted
tickets    one-use tickets for the live room
"""
