"""The grammar of the dialect, as data: `asaql.lark` is read by `asaql.syntax`."""
