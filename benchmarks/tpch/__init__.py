"""Orders and line items of TPC-H, landing part by part."""
