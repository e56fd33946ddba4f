"""dlt into Delta tables, and Polars over them."""
