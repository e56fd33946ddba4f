-- The newest state of every order. In SQL, as in Python a window over `spark.read.table` was planned
-- at once in the second run, when bronze is in the catalog, and then did not wait for its new rows.
CREATE MATERIALIZED VIEW silver_orders AS
SELECT order_id, customer_id, product, quantity, amount, status, ordered_at, updated_at,
       CAST(ordered_at AS DATE) AS order_date
FROM (
    SELECT *, row_number() OVER (PARTITION BY order_id ORDER BY updated_at DESC) AS place
    FROM bronze_orders
    WHERE order_id IS NOT NULL AND amount >= 0
)
WHERE place = 1;
