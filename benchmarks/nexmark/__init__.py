"""Nexmark's auction house: people, auctions and bids as three streams of files."""
