"""What a person has to do with the sale: own lots, bids, deposits, duties, what is signed."""
