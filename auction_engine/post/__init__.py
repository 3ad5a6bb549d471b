"""Letters: put into the outbox with what they tell of, then sent by e-mail.

outbox    a letter as a row of the caller's transaction
values    what its texts may name
message   words to bytes
smtp      one conversation with the mail server
sender    the task that empties the outbox
mailbox   the demonstration's mailbox
"""
