"""The three tables in DuckDB's own file, in one transaction."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb

from benchmarks.programs.stopwatch import Stopwatch, parser

_TABLES = """
    create table if not exists files (path varchar primary key);
    create table if not exists bronze (
        order_id bigint, customer_id bigint, product varchar, quantity integer,
        amount decimal(12, 2), status varchar, ordered_at timestamp, updated_at timestamp,
        file_path varchar
    );
    create table if not exists quarantine as from bronze limit 0;
    create table if not exists orders (
        order_id bigint primary key, customer_id bigint, product varchar, quantity integer,
        amount decimal(12, 2), status varchar, ordered_at timestamp, updated_at timestamp,
        order_date date
    );
"""
_LANDED = """
    create temp table landed as
    select order_id, customer_id, product, quantity, amount, status, ordered_at, updated_at,
        filename as file_path
    from read_json($files, format = 'newline_delimited', filename = true, columns = {
        order_id: 'bigint', customer_id: 'bigint', product: 'varchar', quantity: 'integer',
        amount: 'decimal(12, 2)', status: 'varchar', ordered_at: 'timestamp',
        updated_at: 'timestamp'
    })
"""
_SILVER = """
    insert into quarantine from landed where (order_id is not null and amount >= 0) is not true;
    insert into orders
    select * exclude (file_path), ordered_at::date from landed
    where order_id is not null and amount >= 0
    qualify row_number() over (partition by order_id order by updated_at desc) = 1
    on conflict (order_id) do update set
        customer_id = excluded.customer_id, product = excluded.product,
        quantity = excluded.quantity, amount = excluded.amount, status = excluded.status,
        ordered_at = excluded.ordered_at, updated_at = excluded.updated_at,
        order_date = excluded.order_date
    where excluded.updated_at > orders.updated_at;
"""
_GOLD = """
    create or replace table revenue as
    select order_date, product, count(*) as orders, sum(quantity)::bigint as units,
        sum(amount) as revenue
    from orders group by order_date, product;
"""


def main() -> None:
    """Run the three steps and commit them together."""
    watch = Stopwatch.of(parser(__doc__).parse_args())
    lake, landing = Path(os.environ["MEDALLION_LAKE"]), Path(os.environ["MEDALLION_LANDING"])
    lake.mkdir(parents=True, exist_ok=True)
    watch.lap("imports")
    with duckdb.connect(str(lake / "orders.duckdb")) as database:
        database.execute(_TABLES)
        loaded = {path for (path,) in database.execute("from files").fetchall()}
        files = sorted({str(file) for file in (landing / "orders").glob("*.json")} - loaded)
        if files:
            database.begin()
            database.execute(_LANDED, {"files": files})
            database.execute("insert into bronze from landed")
            database.execute("insert into files select unnest($files)", {"files": files})
            watch.lap("bronze")
            database.execute(_SILVER)
            watch.lap("silver")
            database.execute(_GOLD)
            database.commit()
    watch.lap("gold")
    watch.tell()


if __name__ == "__main__":
    main()
