"""What a procurator does: watches, learns by warrant who somebody is, finds fault and is answered.

Modules: `watching` (what is going on), `lot_record` (a lot's whole record, to read and to take
away), `warrants`, `findings`, `reminding` (findings whose day has passed), `record` (shared).
"""
