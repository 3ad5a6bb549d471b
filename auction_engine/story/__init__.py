"""`auction-engine story`: one sale told from the first deposit to the debtor's surplus.

Real servers, the real log, the real books; the people, the bank and the days are fictional.
"""
