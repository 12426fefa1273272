"""The grammar of the dialect, as data: `asaql.lark`, and the tables that `asaql.syntax.compile` makes of it."""
