"""COPY INTO: files into a table, once each, by a statement.

`command` has the function that carries one out, `copying` its steps; `statement` is what one says,
`parser` how it is spelled, `candidates` the files it may take, `loads` which of them are in the
table, `rows` what of a file goes where.
"""
