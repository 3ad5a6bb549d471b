"""The pages and the API of people: accounts, addresses, personal data.

forms        what is typed, as values
registering  asking for an account, confirming it
recovering   a new password by letter
profile      the own data, seen and changed
keeping      what is kept: export, traces, erasure
mailbox      the demonstration's mailbox
"""
