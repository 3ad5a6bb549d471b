"""A house and its people: an organisation's, an agency's.

Modules: `people` (who does what, and what was done about it), `inviting` (colleagues by letter),
`cards` (auctioneers' cards), `relations` (whom staff is related to, and what follows), `fitness`
(who may conduct a lot), `registrants` (the sealed list with two keys), `questions` (about a lot).
"""
