"""Functions that other dialects have and this one has not, with what stands in for them here."""

_SCRIPT = "a JavaScript function can do this: udf.{}(...)"


def find_foreign(name: str) -> str | None:
    """Return what to write here instead of a function of another dialect, or None if the name is none, in any case."""
    return _NAMES.get(name.upper())


def foreign_names() -> tuple[tuple[str, str], ...]:
    """Return all names of other dialects, each with what to write here, by name."""
    return tuple(sorted(_NAMES.items()))


_NAMES: dict[str, str] = {
    "ISNULL": "COALESCE(..., ...)",
    "IFNULL": "COALESCE(..., ...)",
    "NVL": "COALESCE(..., ...)",
    "IIF": "CASE WHEN ... THEN ... ELSE ... END",
    "IF": "CASE WHEN ... THEN ... ELSE ... END",
    "CHOOSE": "CASE ... WHEN 1 THEN ... WHEN 2 THEN ... ELSE ... END",
    "CONVERT": "CAST(... AS bigint)",
    "TRY_CONVERT": "TRY_CAST(... AS bigint)",
    "PARSE": "CAST(... AS float)",
    "TRY_PARSE": "TRY_CAST(... AS float)",
    "STR": "CAST(... AS nvarchar(max))",
    "ISNUMERIC": "TRY_CAST(... AS float) IS NOT NULL",
    "ISDATE": "TRY_CAST(... AS datetime) IS NOT NULL",
    "ISJSON": "JSON_PARSE(...) IS NOT NULL",
    "JSON_VALUE": "GetRecordPropertyValue(JSON_PARSE(...), 'name')",
    "JSON_QUERY": "GetRecordPropertyValue(JSON_PARSE(...), 'name')",
    "OPENJSON": "CROSS APPLY GetArrayElements(...) AS ...",
    "ASCII": "UNICODE(...)",
    "CHAR": "NCHAR(...)",
    "CHR": "NCHAR(...)",
    "LENGTH": "LEN(...)",
    "DATALENGTH": "LEN(...)",
    "SUBSTR": "SUBSTRING(..., start, length)",
    "MID": "SUBSTRING(..., start, length)",
    "INSTR": "CHARINDEX(find, ...)",
    "POSITION": "CHARINDEX(find, ...)",
    "INDEXOF": "CHARINDEX(find, ...)",
    "LCASE": "LOWER(...)",
    "UCASE": "UPPER(...)",
    "REGEXP_LIKE": "REGEXMATCH(text, 'pattern') > 0",
    "GETDATE": "System.Timestamp()",
    "GETUTCDATE": "System.Timestamp()",
    "SYSDATETIME": "System.Timestamp()",
    "SYSUTCDATETIME": "System.Timestamp()",
    "SYSDATETIMEOFFSET": "System.Timestamp()",
    "CURRENT_TIMESTAMP": "System.Timestamp()",
    "NOW": "System.Timestamp()",
    "UTCNOW": "System.Timestamp()",
    "EOMONTH": "DATEADD(day, -1, DATETIMEFROMPARTS(year, month + 1, 1, 0, 0, 0, 0))",
    "DATEFROMPARTS": "DATETIMEFROMPARTS(year, month, day, 0, 0, 0, 0)",
    "DATETIME2FROMPARTS": "DATETIMEFROMPARTS(year, month, day, hour, minute, second, millisecond)",
    "DATETRUNC": "DATEADD(hour, DATEDIFF(hour, '2000-01-01', ...), '2000-01-01')",
    "DATE_TRUNC": "DATEADD(hour, DATEDIFF(hour, '2000-01-01', ...), '2000-01-01')",
    "DATE_BUCKET": "GROUP BY TumblingWindow(minute, 5)",
    "DATEDIFF_BIG": "DATEDIFF(millisecond, ..., ...)",
    "TODATETIMEOFFSET": "DATEADD(hour, ..., ...)",
    "SWITCHOFFSET": "DATEADD(hour, ..., ...)",
    "CEIL": "CEILING(...)",
    "POW": "POWER(..., ...)",
    "MOD": "... % ...",
    "TRUNC": "CAST(... AS bigint)",
    "LN": _SCRIPT.format("ln"),
    "GREATEST": "CASE WHEN a > b THEN a ELSE b END",
    "LEAST": "CASE WHEN a < b THEN a ELSE b END",
    "COUNT_BIG": "COUNT(...)",
    "MEAN": "AVG(...)",
    "STDDEV": "STDEV(...)",
    "VARIANCE": "VAR(...)",
    "MEDIAN": "PERCENTILE_CONT(0.5) OVER (ORDER BY ...)",
    "FIRST_VALUE": "TopOne(...) OVER (ORDER BY System.Timestamp())",
    "LAST_VALUE": "LAST(...) OVER (LIMIT DURATION(hour, 1))",
    "LEAD": "LAG(...) OVER (LIMIT DURATION(hour, 1)); a later event is never known",
    "ROW_NUMBER": "CollectTop(10) OVER (ORDER BY ...), whose elements carry their rank",
    "RANK": "CollectTop(10) OVER (ORDER BY ...), whose elements carry their rank",
    "DENSE_RANK": "CollectTop(10) OVER (ORDER BY ...), whose elements carry their rank",
    "NTILE": "PERCENTILE_DISC(0.25) OVER (ORDER BY ...)",
    "STRING_AGG": "Collect(...) and a JavaScript function that joins the array",
    "GROUP_CONCAT": "Collect(...) and a JavaScript function that joins the array",
    "ARRAY_AGG": "Collect(...)",
    "GETELEMENTS": "GetArrayElements(...)",
    "ANOMALYDETECTION": "AnomalyDetection_SpikeAndDip(..., 95, 120, 'spikesanddips') OVER (LIMIT DURATION(hour, 1))",
    "GROUPING": "System.Window().Id tells the windows of Windows(...) apart",
    "PI": "3.141592653589793",
} | {
    name: _SCRIPT.format(name.lower())
    for name in (
        *("FORMAT", "QUOTENAME", "SOUNDEX", "DIFFERENCE", "STRING_SPLIT", "STRING_ESCAPE", "SPLIT"),
        *("LOG", "LOG10", "LOG2", "RAND", "DEGREES", "RADIANS"),
        *("SIN", "COS", "TAN", "ASIN", "ACOS", "ATAN", "ATN2", "ATAN2", "COT"),
        *("CHECKSUM", "CHECKSUM_AGG", "BINARY_CHECKSUM", "HASHBYTES", "MD5", "SHA1", "SHA2", "NEWID", "UUID"),
        *("REGEXP_REPLACE", "REGEXP_SUBSTR"),
    )
}
